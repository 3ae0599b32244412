public import SpeechModel

/// What the pipeline wants done. It does nothing itself.
public enum PipelineAction: Sendable {
    /// Open an utterance at the recogniser, which suppresses noise in it before it listens if told so, and listens for the phrases
    /// only, if there are any. Of an utterance with phrases nobody is told, and it is never settled.
    case begin(UtteranceKey, suppressesNoise: Bool, keyPhrases: KeyPhrases?)
    /// Give the recogniser these samples of ``SpeechPipeline/withSamples(in:_:)``.
    case recognise(UtteranceKey, Range<SampleTime>)
    /// Tell the recogniser that the utterance is complete.
    case finish(UtteranceKey)
    /// Give the utterance up.
    case cancel(UtteranceKey)
    /// Forget the utterance: it has its answer, and so have all before it. Its final or failure follows directly, unless no word was in
    /// it (`isSilent`).
    case settled(UtteranceKey, isSilent: Bool)
    /// A wake word was said, with a score of 0–1: what follows is recognised.
    case woke(phrase: String, score: Double)
    /// The wake word is needed again.
    case fellAsleep
    /// An utterance that was listened to for the wake word was lost.
    case spottingFailed(SpeechError)
    /// Tell the listeners.
    case emit(TranscriptEvent)
}
