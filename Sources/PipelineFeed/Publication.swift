public import SpeechModel

/// A transcript as it goes out: encoded once for everybody, and for a standby that may have to send it again.
public struct Publication: Sendable {
    /// What it is published under.
    public let topic: String
    /// The message, a JSON object.
    public let json: [UInt8]
    public let session: SessionID
    /// 1, 2, 3 … within the session; nil for a partial.
    public let sequence: Int?
    /// ISO 639-1, or `unknown`.
    public let language: String
    /// How the time up to its encoding was spent; nil when another server recognised it.
    public let timeline: StageTimeline?

    /// Describes a message.
    public init(
        topic: String, json: [UInt8], session: SessionID, sequence: Int?, language: String, timeline: StageTimeline? = nil
    ) {
        self.topic = topic
        self.json = json
        self.session = session
        self.sequence = sequence
        self.language = language
        self.timeline = timeline
    }
}
