public import SpeechModel

/// Whether a server answers for the pipeline or waits to.
public enum PipelineRole: String, Sendable, CaseIterable {
    case primary, standby
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
