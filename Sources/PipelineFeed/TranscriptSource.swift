public import SpeechModel

/// The session that transcripts are of: what is the same in all of them.
public struct TranscriptSource: Hashable, Sendable {
    /// The session's public name.
    public var session: SessionID
    /// Samples per second of the session's audio, as the client sends it.
    public var sampleRate: Int
    /// Channels of the session's audio, as the client sends it.
    public var channels: Int
    /// The language that the client asked for or that the recogniser writes, ISO 639-1; nil when anything is possible.
    public var expectedLanguage: String?

    /// Describes a session.
    public init(session: SessionID, sampleRate: Int, channels: Int, expectedLanguage: String? = nil) {
        self.session = session
        self.sampleRate = sampleRate
        self.channels = channels
        self.expectedLanguage = expectedLanguage
    }
}
