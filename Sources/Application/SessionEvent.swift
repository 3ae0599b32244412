public import SpeechModel

/// What a live session tells the connection that is attached to it.
public enum SessionEvent: Sendable {
    /// The session is known, here and to a standby: its client may be told its name.
    case began
    /// A result, or the position before which audio may be forgotten. What led to it arrived at the monotonic time `since`.
    case transcript(TranscriptEvent, since: UInt64)
    /// The session goes on; send audio from this sample. The finals that were missed follow.
    case resumed(nextSample: Int, lastSequence: Int)
    /// A newer connection took the session over.
    case replaced
    /// There is room for audio again after ``LiveSession/ingest(_:from:)`` returned false.
    case hasRoom
    /// Everything was said; nothing follows.
    case ended(lastSequence: Int)
    /// The audio cannot be used; the session is over.
    case broken(SpeechError)
}

/// Whoever is attached to a session. Called on the session's lane: hand over and return.
public protocol SessionListener: AnyObject, Sendable {
    /// Something happened.
    func session(_ event: SessionEvent)
}
