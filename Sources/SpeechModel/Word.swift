/// One recognised word with its place in the session.
public struct Word: Hashable, Sendable, Codable {
    /// The word as written, lower case unless the model says otherwise.
    public var text: String
    /// Milliseconds from the session's start to the word's first sample.
    public var startMS: Int
    /// Milliseconds from the session's start to the word's last sample.
    public var endMS: Int
    /// Posterior probability, 0–1.
    public var confidence: Double

    /// Makes a word; `confidence` is clamped to 0–1 (engines are known to return 1.0002).
    public init(_ text: String, startMS: Int, endMS: Int, confidence: Double) {
        self.text = text
        self.startMS = startMS
        self.endMS = endMS
        self.confidence = confidence.isFinite ? min(max(confidence, 0), 1) : 0
    }
}
