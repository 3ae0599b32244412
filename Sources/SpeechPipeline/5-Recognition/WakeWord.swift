public import SpeechModel

/// What wakes a session up, and for how long.
public struct WakeWord: Hashable, Sendable {
    /// Any one of them wakes the session.
    public var phrases: KeyPhrases
    /// So long after a phrase, or after the last speech since, nobody has to say it again, in ms.
    public var windowMS: Int

    /// Describes a wake word.
    public init(phrases: KeyPhrases, windowMS: Int) {
        self.phrases = phrases
        self.windowMS = windowMS
    }
}
