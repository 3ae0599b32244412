/// What is known of a transcript as a whole once it is complete.
public struct TranscriptSummary: Hashable, Sendable {
    /// ISO 639-1, or `unknown`.
    public var language: String
    /// Seconds of audio that were heard.
    public var durationSeconds: Double
    /// Milliseconds from the first byte read to the last word.
    public var processingTimeMS: Int
    /// The model that recognised, with its version.
    public var modelVersion: String

    /// Makes a summary.
    public init(language: String, durationSeconds: Double, processingTimeMS: Int, modelVersion: String) {
        self.language = language
        self.durationSeconds = durationSeconds
        self.processingTimeMS = processingTimeMS
        self.modelVersion = modelVersion
    }
}
