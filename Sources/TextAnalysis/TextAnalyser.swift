public import SpeechModel

/// Says which language a final transcript is written in, and how its words feel.
///
/// Both methods are small and documented: naive Bayes over letter n-grams (``LanguageIdentifier``) and a rated lexicon with rules
/// (``SentimentScorer``). They are pure functions of the text: no network, no clock, no chance; the same text always gives the
/// same answer. The data is read once by the initialiser; afterwards a value can be shared between threads.
public struct TextAnalyser: Sendable {
    /// What is known when nothing else is configured: languages that freely available recognisers write.
    public static let defaultLanguages = [
        "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "tr", "sv", "zh", "ja", "ko",
    ]
    /// What ``language(of:)`` answers for text without letters, or in a script that none of the languages writes.
    public static let unknownLanguage = "unknown"
    /// The only language whose sentiment is rated: the lexicon is English.
    public static let sentimentLanguage = "en"

    private let identifier: LanguageIdentifier
    private let scorer: SentimentScorer

    /// Reads the data; it takes some ten milliseconds.
    ///
    /// - Parameters:
    ///   - languageProfiles: The folder with one n-gram profile per language, as `Scripts/setup` makes it.
    ///   - lexicon: The file with one rated word per line, as `Scripts/setup` makes it.
    ///   - languages: ISO 639-1 codes of what is to be told apart. Chinese (`zh`), Japanese (`ja`) and Korean (`ko`) need no
    ///     profile; every other code needs a file of that name in `languageProfiles`.
    /// - Throws: ``SpeechError`` with the code `broken-model` if a file is missing or is not what it should be, and
    ///   `invalid-configuration` if `languages` is empty or holds something that is not a code.
    public init(
        languageProfiles: String, lexicon: String, languages: [String] = defaultLanguages
    ) throws(SpeechError) {
        identifier = try LanguageIdentifier(profiles: languageProfiles, languages: languages)
        scorer = SentimentScorer(lexicon: try SentimentLexicon(path: lexicon))
    }

    /// The language that `text` is most likely written in, among the configured ones.
    ///
    /// Without an expectation the confidence of short text is about the share of such answers that are right; one word alone is
    /// often a word of several languages.
    ///
    /// - Parameters:
    ///   - text: What was said.
    ///   - expected: The language that the recogniser was made for or that the client asked for, if there is one. It is taken for
    ///     nine times as probable beforehand as all others together, so a word like "no" stays in the language of its session.
    /// - Returns: An ISO 639-1 code or ``unknownLanguage``, and a confidence from 0 to 0.99, times the share of the letters that
    ///   are in the text's main script.
    public func language(of text: String, expecting expected: String? = nil) -> (code: String, confidence: Double) {
        identifier.language(of: text, expecting: expected)
    }

    /// Whether the words of `text` are friendly, unfriendly or neither.
    ///
    /// - Parameters:
    ///   - text: What was said.
    ///   - language: The language of `text` where it is known; without it, ``language(of:)`` decides.
    /// - Returns: The label, and a confidence from 0 to 1 (``SentimentScore/confidence`` says what it means). For a language other
    ///   than ``sentimentLanguage``, and for text without words, it is `neutral` with 0.
    public func sentiment(of text: String, in language: String? = nil) -> (label: Sentiment, confidence: Double) {
        guard (language ?? self.language(of: text).code) == Self.sentimentLanguage else { return (.neutral, 0) }
        let score = scorer.score(of: text)
        return (score.label, score.confidence)
    }
}
