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
    /// The state that the session is in from now on; nil when the event tells of no change.
    public let state: SessionState?

    /// Tells of something; `stage` is nil for what concerns the session as a whole.
    public init(_ type: EventType, metadata: [String: EventValue] = [:], level: EventLevel = .info, stage: PipelineStage? = nil) {
        self.init(type, metadata, level, stage, state: nil)
    }

    private init(
        _ type: EventType, _ metadata: [String: EventValue], _ level: EventLevel, _ stage: PipelineStage?, state: SessionState?
    ) {
        self.type = type
        self.metadata = metadata
        self.level = level
        source = stage?.rawValue ?? "pipeline"
        self.state = state
    }

    /// A session's change of state.
    public static func stateChanged(from old: SessionState, to new: SessionState) -> FeedEvent {
        FeedEvent(.stateChanged, ["from": .text(old.rawValue), "to": .text(new.rawValue)], .info, nil, state: new)
    }

    /// A failure in a stage, as `stage_error` or, when something was lost by it, `error_occurred`.
    ///
    /// - Parameter details: texts only, as the rest: so the consumers of errors parse them.
    public static func failure(
        _ type: EventType = .stageError, in stage: PipelineStage, _ error: SpeechError, details: [String: String] = [:]
    ) -> FeedEvent {
        let all = ["stage": stage.rawValue, "error_type": error.code.rawValue, "message": error.message].merging(details) { $1 }
        return FeedEvent(type, metadata: all.mapValues { .text($0) }, level: .error, stage: stage)
    }
}
