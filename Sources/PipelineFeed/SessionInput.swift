public import SpeechModel

/// What a live session goes through, as ``SessionStates`` is told.
public enum SessionInput: Sendable {
    /// How much a failure takes with it.
    public enum Scope: Hashable, Sendable {
        /// The oldest utterance without an answer is lost; the session goes on.
        case utterance
        /// The stage does not work until ``SessionInput/recovered(_:)``; the session goes on.
        case stage
        /// The session is over.
        case session
    }

    /// The session was made. `metadata` goes into `pipeline_started`: a name, a source, a sample rate; never speech.
    case sessionBegan(metadata: [String: EventValue])
    /// Audio comes: for the first time, or again after ``audioStopped``.
    case audioBegan
    /// Audio does not come for the moment: the client is away, or the device is.
    case audioStopped
    /// A phrase was spotted, with a score of 0–1.
    case wakeWordDetected(phrase: String, score: Double)
    /// Nothing was said for long enough after the wake word: it is needed again.
    case wakeWindowClosed
    /// An utterance began, `atMS` after the session's start.
    case speechStarted(UtteranceKey, atMS: Int)
    /// An utterance was spoken to its end, `atMS` after the session's start, and the recogniser was told so.
    case speechStopped(UtteranceKey, atMS: Int)
    /// The oldest utterance without an answer is a final with this number and language (ISO 639-1 or `unknown`). Finals come in
    /// the order of speech, so no utterance need be named.
    case finalReady(sequence: Int, language: String, processingTimeMS: Int)
    /// The recogniser heard no words in this utterance, so no final will come; answers may overtake each other.
    case nothingRecognised(UtteranceKey)
    /// Something failed in a stage.
    case failed(PipelineStage, SpeechError, Scope)
    /// A stage that failed works again.
    case recovered(PipelineStage)
    /// Every utterance without an answer was given up.
    case interrupted
    /// A buffer was full, and this much audio was dropped from it.
    case overflowed(buffer: String, lostMS: Int)
    /// The server stops: no new audio is taken; what is found in the audio that is there, and answers that are owed, still
    /// come.
    case serverStopping
    /// The session is over; nothing comes any more. The reason is a short word for machines, `ended` or `expired`.
    case sessionEnded(reason: String)
}
