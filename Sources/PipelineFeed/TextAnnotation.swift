public import SpeechModel
import TextAnalysis

/// What was found out about the text of an utterance.
public struct TextAnnotation: Hashable, Sendable {
    /// ISO 639-1, or ``TextAnalyser/unknownLanguage``.
    public var language: String
    /// 0–1.
    public var languageConfidence: Double
    /// How the words feel.
    public var sentiment: Sentiment
    /// 0–1.
    public var sentimentConfidence: Double

    /// Makes an annotation.
    public init(language: String, languageConfidence: Double, sentiment: Sentiment, sentimentConfidence: Double) {
        self.language = language
        self.languageConfidence = languageConfidence
        self.sentiment = sentiment
        self.sentimentConfidence = sentimentConfidence
    }

    /// What is said of a text that nobody looked at; the language is what was expected, if anything.
    public static func unexamined(expecting language: String?) -> TextAnnotation {
        TextAnnotation(
            language: language ?? TextAnalyser.unknownLanguage, languageConfidence: 0, sentiment: .neutral,
            sentimentConfidence: 0)
    }
}
