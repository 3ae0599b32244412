/// The stages of the live pipeline in the order in which an utterance meets them. The raw values are the contract's names, used
/// alike in messages, metrics and logs.
public enum PipelineStage: String, Sendable, CaseIterable {
    case capture, wakeword, preprocess, stt, language, publish
}

/// What a session is doing. The raw values are the contract's names.
public enum SessionState: String, Sendable, CaseIterable {
    /// Nobody speaks, or nobody said the wake word.
    case idle
    /// Somebody speaks, or is awaited after the wake word.
    case listening
    /// The oldest utterance without an answer was spoken to its end; the recogniser owes the answer.
    case processing
    /// The answer is handed out; passed through at once.
    case emit
    /// A stage does not work, or an utterance was lost.
    case error
    /// The session takes no more audio.
    case shutdown
}

/// What can happen in the pipeline. The raw values are the contract's names.
public enum EventType: String, Sendable, CaseIterable {
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
    case failover
    case configChanged = "config_changed"
}

/// How grave an event is.
public enum EventLevel: String, Sendable, CaseIterable {
    case debug, info, warning, error, critical
}

/// How the words of a text feel.
public enum Sentiment: String, Sendable, CaseIterable {
    case positive, neutral, negative
}
