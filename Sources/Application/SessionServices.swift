public import PipelineFeed
public import Ports
public import Resilience
public import SpeechPipeline

/// What every session needs from outside.
public struct SessionServices: Sendable {
    let recognizer: any Recognizer
    let models: any ModelChoice
    let makeDetector: @Sendable () -> any VoiceActivityDetector
    let clock: any Clock
    let metrics: SessionMetrics
    let feed: any FeedPublisher
    let annotate: TranscriptFeed.Annotate
    let language: String
    let frameMS: Int
    let replication: (any Replication)?
    let admission: Admission
    let speakerThreshold: Double?

    /// Collects the services.
    ///
    /// - Parameters:
    ///   - models: which model serves a session; nil for a recogniser that has one.
    ///   - makeDetector: makes the detector of one session.
    ///   - feed: who tells subscribers what happens in sessions.
    ///   - annotate: finds out the language and the sentiment of a final.
    ///   - language: of sessions that name none, ISO 639-1.
    ///   - frameMS: what one frame is, in ms, where frames are counted.
    ///   - replication: to a standby; nil for a server that has none.
    ///   - speakerThreshold: how far apart two voices may be to be one person's (``SpeakerBook``); nil where nobody asks who speaks.
    ///   - admission: decides whether one more session is let in; nil lets all in.
    public init(
        recognizer: any Recognizer, models: (any ModelChoice)? = nil,
        makeDetector: @escaping @Sendable () -> any VoiceActivityDetector, clock: any Clock, metrics: SessionMetrics,
        feed: any FeedPublisher,
        annotate: @escaping TranscriptFeed.Annotate, language: String, frameMS: Int = 20,
        replication: (any Replication)? = nil, admission: Admission? = nil, speakerThreshold: Double? = nil
    ) {
        self.recognizer = recognizer
        self.models = models ?? SoleModel(recognizer.identity)
        self.makeDetector = makeDetector
        self.clock = clock
        self.metrics = metrics
        self.feed = feed
        self.annotate = annotate
        self.language = language
        self.frameMS = frameMS
        self.replication = replication
        self.speakerThreshold = speakerThreshold
        self.admission = admission ?? Admission(limitMS: 0, clock: clock)
    }
}
