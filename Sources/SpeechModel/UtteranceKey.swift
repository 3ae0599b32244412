/// Names one utterance of one session. Whatever carries an older epoch than the session's is dropped wherever it is met.
public struct UtteranceKey: Hashable, Sendable {
    /// Rises at every interruption of the session.
    public var epoch: Int
    /// 1, 2, 3 … within the session.
    public var number: Int

    /// Names an utterance.
    public init(epoch: Int, number: Int) {
        self.epoch = epoch
        self.number = number
    }
}
