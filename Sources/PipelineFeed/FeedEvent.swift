public import SpeechModel

/// Something that happened in a session, for subscribers of events. Whoever publishes it adds the time and the session.
public struct FeedEvent: Hashable, Sendable {
    /// What happened.
    public let type: EventType
    /// Details; never what was said.
    public let metadata: [String: EventValue]
    /// How grave it is.
    public let level: EventLevel
    /// What reports it: a stage's name, or `pipeline`.
    public let source: String

    /// Tells of something; `stage` is nil for what concerns the session as a whole.
    public init(_ type: EventType, metadata: [String: EventValue] = [:], level: EventLevel = .info, stage: PipelineStage? = nil) {
        self.type = type
        self.metadata = metadata
        self.level = level
        source = stage?.rawValue ?? "pipeline"
    }
}
