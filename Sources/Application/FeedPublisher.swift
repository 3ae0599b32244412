public import PipelineFeed
public import SpeechModel

/// Whoever tells subscribers what happens in sessions. Called on the sessions' lanes: hand over and return.
public protocol FeedPublisher: Sendable {
    /// Whether anybody wants partials.
    var wantsPartials: Bool { get }
    /// Makes the message of a transcript whose stages but ``PipelineStage/publish`` are marked; that one is then marked too.
    func prepare(_ transcript: PublishedTranscript) -> Publication
    /// Sends it.
    func publish(_ publication: Publication)
    /// An event; without a session it concerns the whole pipeline.
    func publish(_ event: FeedEvent, of session: SessionID?)
    /// Nothing more will be published of a session.
    func ended(_ session: SessionID)
}
