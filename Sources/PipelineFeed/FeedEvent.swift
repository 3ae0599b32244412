/// Something that happened in a session, for subscribers of events. Whoever publishes it adds the time and the session.
public struct FeedEvent: Hashable, Sendable {
    /// What can happen in a session. The raw values are the contract's event types; those that concern no session are not among
    /// them.
    public enum Kind: String, Sendable, CaseIterable {
        case wakeWordDetected = "wake_word_detected"
        case speechStarted = "speech_started"
        case speechStopped = "speech_stopped"
        case processingStarted = "processing_started"
        case processingCompleted = "processing_completed"
        case transcriptReady = "transcript_ready"
        case errorOccurred = "error_occurred"
        case pipelineStarted = "pipeline_started"
        case pipelineStopped = "pipeline_stopped"
        case bufferOverflow = "buffer_overflow"
        case stageError = "stage_error"
        case stateChanged = "state_changed"
    }

    /// How grave it is. The raw values are the contract's.
    public enum Level: String, Sendable, CaseIterable {
        case info, warning, error
    }

    /// What happened.
    public let kind: Kind
    /// Details; never what was said.
    public let metadata: [String: String]
    /// How grave it is.
    public let level: Level
    /// What reports it: a stage's name, or `pipeline`.
    public let source: String

    /// Tells of something; `stage` is nil for what concerns the session as a whole.
    public init(_ kind: Kind, metadata: [String: String] = [:], level: Level = .info, stage: Stage? = nil) {
        self.kind = kind
        self.metadata = metadata
        self.level = level
        source = stage?.rawValue ?? "pipeline"
    }
}
