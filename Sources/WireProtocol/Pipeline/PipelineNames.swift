/// The stages of the live pipeline, named alike in messages, metrics and logs.
public enum PipelineStage: String, Sendable, CaseIterable {
    case capture, wakeword, preprocess, stt, language, publish
}

/// The states of a session.
public enum PipelineState: String, Sendable, CaseIterable {
    case idle, listening, processing, emit, error, shutdown
}

/// Whether a server answers for the pipeline or waits to.
public enum PipelineRole: String, Sendable, CaseIterable {
    case primary, standby
}

/// How an utterance sounds.
public enum TranscriptSentiment: String, Sendable, CaseIterable {
    case positive, neutral, negative
}

/// What a message on `/stream` carries.
public enum StreamMessageType: String, Sendable, CaseIterable {
    case transcript, event, status, error, heartbeat
}

/// What a subscriber chooses messages by.
public enum PipelineTopic {
    /// Finals: `transcript.en`.
    public static func transcript(_ language: LanguageCode) -> String { "transcript.\(language)" }
    /// Readings that may still change: `partial.en`.
    public static func partial(_ language: LanguageCode) -> String { "partial.\(language)" }
    /// What happened: `event.speech_started`.
    public static func event(_ type: EventType) -> String { "event.\(type.rawValue)" }
}
