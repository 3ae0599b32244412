public import SpeechModel

/// What can happen to a source of the server's own, for its session.
public enum SourceNews: Sendable {
    /// It failed; no audio comes until it is ``back``.
    case lost(SpeechError)
    case back
    /// So many sample frames did not fit anywhere.
    case dropped(frames: Int)
}
