public import SpeechModel

/// What is published of one utterance: the recogniser's result with what is known about it. An encoder needs nothing else but
/// the server's version and term.
public struct PublishedTranscript: Hashable, Sendable {
    /// Whose speech it is.
    public var source: TranscriptSource
    /// 1, 2, 3 … within the session without a gap; nil for a partial, which has no number.
    public var sequenceNumber: Int?
    /// What was said, with its words' places in the session.
    public var hypothesis: Hypothesis
    /// Milliseconds from the session's start to the utterance's first sample.
    public var startMS: Int
    /// Milliseconds from the session's start to the utterance's last sample.
    public var endMS: Int
    /// Language and sentiment.
    public var annotation: TextAnnotation
    /// How the time was spent; the stages after the annotation are still to be marked.
    public var timeline: StageTimeline

    /// Seconds from the session's start to the utterance's first sample.
    public var audioStartTime: Double { Double(startMS) / 1000 }
    /// Seconds from the session's start to the utterance's last sample.
    public var audioEndTime: Double { Double(endMS) / 1000 }
    /// The utterance's length in ms.
    public var audioDurationMS: Int { max(0, endMS - startMS) }
}
