/// Ends an utterance after a fixed time without speech.
public struct FixedSilence: EndpointingStrategy {
    /// Milliseconds without speech that end an utterance.
    ///
    /// Pauses within a sentence are mostly shorter than 400 ms and those between speakers' turns around 200 ms (Heldner and
    /// Edlund, *Pauses, gaps and overlaps in conversations*, 2010), so no fixed value parts them: 500 ms rarely cuts a sentence
    /// and is about what a reader of captions accepts as delay.
    public var silenceMS: Int

    /// Makes the strategy.
    public init(silenceMS: Int = 500) { self.silenceMS = silenceMS }

    public func shouldEnd(_ utterance: UtteranceState) -> Bool { utterance.trailingSilenceMS >= silenceMS }
}
