/// What a session is doing. The raw values are the contract's names.
public enum SessionState: String, Sendable, CaseIterable {
    /// Nothing is listened to: no audio, or the wake word is awaited.
    case idle
    /// Audio is listened to; somebody may be speaking.
    case listening
    /// The oldest utterance without an answer was spoken to its end; the recogniser owes the answer.
    case processing
    /// The answer is handed out; passed through at once.
    case emit
    /// A stage does not work, or an utterance was lost.
    case error
    /// The session takes no more audio.
    case shutdown
}
