public import PipelineFeed
public import SpeechModel

/// Whoever tells subscribers what happens in sessions. Called on the sessions' lanes: hand over and return.
public protocol FeedPublisher: Sendable {
    /// Whether anybody wants partials.
    var wantsPartials: Bool { get }
    /// A transcript, its stages but ``PipelineStage/publish`` marked.
    ///
    /// - Returns: the same with that stage marked too, as it was published.
    func publish(_ transcript: PublishedTranscript) -> StageTimeline
    /// An event; without a session it concerns the whole pipeline.
    func publish(_ event: FeedEvent, of session: SessionID?)
    /// Nothing more will be published of a session.
    func ended(_ session: SessionID)
}
