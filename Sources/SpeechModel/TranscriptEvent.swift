/// What a session tells its listeners.
public enum TranscriptEvent: Sendable {
    /// A reading that may still change; the next one replaces it.
    case partial(PartialResult)
    /// A reading that will not change, numbered 1, 2, 3 … without a gap.
    case final(FinalResult)
    /// Everything before this sample (at the client's rate) is in finals or was silence: the client may forget it.
    case finalised(throughInputSample: Int)
    /// Something failed without ending the session.
    case failed(SpeechError)
}

/// An unfinished utterance as it stands.
public struct PartialResult: Hashable, Sendable {
    /// Words that have stood still long enough that they rarely change.
    public var stable: [Word]
    /// The rest of the hypothesis, shown at the reader's risk.
    public var unstable: [Word]
    /// Milliseconds from the session's start to the utterance's first sample.
    public var startMS: Int
    /// Milliseconds from the session's start to the last sample that was heard.
    public var endMS: Int

    /// Makes a partial result.
    public init(stable: [Word], unstable: [Word], startMS: Int, endMS: Int) {
        self.stable = stable
        self.unstable = unstable
        self.startMS = startMS
        self.endMS = endMS
    }
}

/// A finished utterance.
public struct FinalResult: Hashable, Sendable, Codable {
    /// 1, 2, 3 … within the session.
    public var sequence: Int
    /// What was said, with alternatives.
    public var hypothesis: Hypothesis
    /// Milliseconds from the session's start to the utterance's first sample.
    public var startMS: Int
    /// Milliseconds from the session's start to the utterance's last sample.
    public var endMS: Int
    /// How the time between the end of speech and this result was spent.
    public var latency: FinalLatency

    /// Makes a final result.
    public init(sequence: Int, hypothesis: Hypothesis, startMS: Int, endMS: Int, latency: FinalLatency) {
        self.sequence = sequence
        self.hypothesis = hypothesis
        self.startMS = startMS
        self.endMS = endMS
        self.latency = latency
    }
}

/// The parts of the delay of a final result, in milliseconds.
public struct FinalLatency: Hashable, Sendable, Codable {
    /// Audio that had to pass before the endpoint was certain: not computation.
    public var endpointWaitMS: Double
    /// From the last needed sample's arrival to the request at the recogniser.
    public var ingestMS: Double
    /// From the request to the recogniser's answer.
    public var recogniserMS: Double

    /// Makes a split of the delay.
    public init(endpointWaitMS: Double = 0, ingestMS: Double = 0, recogniserMS: Double = 0) {
        self.endpointWaitMS = endpointWaitMS
        self.ingestMS = ingestMS
        self.recogniserMS = recogniserMS
    }
}
