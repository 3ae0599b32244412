/// When the recogniser is asked to suppress noise in an utterance before it listens.
public enum NoiseSuppression: String, Sendable, CaseIterable {
    /// Never.
    case off
    /// When the voice stands little out of the noise around it, as measured at the utterance's beginning.
    case auto
    /// Always. Costs processor time, and words where there is no noise.
    case on
}
