public import SpeechModel

/// What ``SessionStates`` wants told.
public enum SessionOutput: Hashable, Sendable {
    /// The state changed: to be counted. The event that tells subscribers of it follows directly.
    case transition(from: SessionState, to: SessionState)
    /// An event to be published.
    case event(FeedEvent)
}
