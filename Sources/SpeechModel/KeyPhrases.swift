/// Phrases that are to be noticed in speech of which nothing else matters: wake words.
public struct KeyPhrases: Hashable, Sendable {
    /// The phrases, each of words that the recogniser's dictionary has, in lower case with one space between.
    public var texts: [String]
    /// 0 notices only what is spoken clearly and hardly ever anything else, 1 nearly everything that could be a phrase.
    public var sensitivity: Double

    /// Collects phrases.
    public init(_ texts: [String], sensitivity: Double) {
        self.texts = texts
        self.sensitivity = sensitivity
    }
}
