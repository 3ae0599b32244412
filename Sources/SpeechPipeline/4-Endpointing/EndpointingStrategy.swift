/// Decides when a speaker has finished. One strategy per file.
public protocol EndpointingStrategy: Sendable {
    /// Whether the utterance should end here; asked once per window without speech, while in an utterance.
    func shouldEnd(_ utterance: UtteranceState) -> Bool
}

/// What a strategy may base its decision on.
public struct UtteranceState: Hashable, Sendable {
    /// Milliseconds from the first window with speech to the end of the last one.
    public var speechMS: Int
    /// Milliseconds since the last window with speech.
    public var trailingSilenceMS: Int
    /// Milliseconds for which the recogniser's hypothesis has stood still; nil while there is none.
    public var hypothesisUnchangedMS: Int?

    /// Describes an utterance.
    public init(speechMS: Int, trailingSilenceMS: Int, hypothesisUnchangedMS: Int? = nil) {
        self.speechMS = speechMS
        self.trailingSilenceMS = trailingSilenceMS
        self.hypothesisUnchangedMS = hypothesisUnchangedMS
    }
}
