/// What is known of a model's folder, from the names of its files and what they say of themselves.
public struct ModelDescription: Codable, Sendable, Hashable {
    /// What a file is to the engine.
    public enum Role: String, Codable, Sendable, CodingKeyRepresentable {
        case model, encoder, decoder, joiner, tokens
        case vocoder, voices, keywords
        /// Of a language model that hears: what is in front of its encoder, the model itself, its table of words.
        case frontend, llm, embedding
        /// Of a voice that copies voices: two parts of a language model, what reads the text, the pieces of words and their scores.
        case flow = "lm_flow", main = "lm_main", conditioner = "text_conditioner", vocabulary = "vocab.json", scores =
            "token_scores.json"
        /// Of a voice by flow matching: how long a text takes, what reads it, what makes the sound, figures, and its characters' numbers.
        case durations = "duration_predictor", textEncoder = "text_encoder", estimator = "vector_estimator", figures = "tts.json",
            characters = "unicode_indexer.bin"
        /// Of what writes capitals: the pieces of words and their scores.
        case pieces = "bpe.vocab"
        /// A folder.
        case tokenizer
        case preprocessor, uncachedDecoder = "uncached-decoder", cachedDecoder = "cached-decoder", mergedDecoder =
            "merged-decoder"
    }

    /// How it is built.
    public var family: ModelFamily
    /// File names in the folder.
    public var files: [Role: String]
    /// Files that these refer to: weights, scores of pieces of words, what is in the folder of a tokenizer.
    public var weights: [String]
    /// Of a voice: how words are pronounced, one file for each language.
    public var lexicons: [String]
    /// Of a voice: how numbers, dates and the like are read, as finite-state transducers.
    public var rules: [String]
    /// Of a voice that reads phonemes and has no lexicon: the accent that they are to be of, as espeak-ng names it.
    public var phonemes: String?
    /// Of a voice that copies voices: the recordings of those that it can be, as names of files.
    public var recordings: [String]?
    /// Of a voice: how many people it can be.
    public var speakers: Int?
    /// Samples per second that it wants; audio of another rate is resampled in front of it. A voice speaks with so many.
    public var sampleRate: Int
    /// Of a streaming model: how much audio it goes on by in one step.
    public var stepMS: Int?
    /// Whether it can write capital letters only, as some training texts do; they mean nothing then, and are written small.
    public var writesCapitalsOnly: Bool
    /// ISO 639-1, where its files or its folder's name say so; empty for a model that serves any.
    public var languages: [String]
    /// Of which languages it can be told that they are spoken, ISO 639-1; nil where it takes no such hint.
    public var tellableLanguages: [String]?
    /// Size of all its files.
    public var bytes: Int

    /// Of a transducer: whether several readings can be followed at once, instead of the best at every step.
    public var followsSeveralReadings: Bool?

    /// Whether it says which language is spoken: a Whisper that is not made for one.
    public var tellsLanguages: Bool { family == .whisper && languages.isEmpty }

    /// Whether it writes what is said in several languages without being told which.
    public var readsAnyOfItsLanguages: Bool { family.task == .recognition && languages.count != 1 && !family.mustBeTold }

    /// Every language that it serves, ISO 639-1; nil where it does not say.
    public var servedLanguages: Set<String>? {
        let all = Set(languages + (tellableLanguages ?? []))
        return all.isEmpty ? nil : all
    }

    /// Whether it is made for a language, or where `language` is ``Manifest/anyLanguage`` for none in particular.
    func serves(_ language: String) -> Bool {
        language == Manifest.anyLanguage ? languages.isEmpty : languages.contains(language)
    }

    /// Whether it can be told that a language is spoken. One that it does not know can end the native library's process.
    public func canBeTold(_ language: String) -> Bool { tellableLanguages?.contains(language) == true }

    /// The file that plays a part, in its folder.
    public func path(_ role: Role, in folder: String) -> String? { files[role].map { folder + "/" + $0 } }

    /// Every file that it consists of.
    public var allFiles: [String] { (files.filter { $0.key != .tokenizer }.map(\.value) + weights + lexicons + rules).sorted() }
}
