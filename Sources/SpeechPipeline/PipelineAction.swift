public import SpeechModel

/// What the pipeline wants done. It does nothing itself.
public enum PipelineAction: Sendable {
    /// Open an utterance at the recogniser, which suppresses noise in it before it listens if told so.
    case begin(UtteranceKey, suppressesNoise: Bool)
    /// Give the recogniser these samples of ``SpeechPipeline/withSamples(in:_:)``.
    case recognise(UtteranceKey, Range<SampleTime>)
    /// Tell the recogniser that the utterance is complete.
    case finish(UtteranceKey)
    /// Give the utterance up.
    case cancel(UtteranceKey)
    /// Forget the utterance: it has its answer, and so have all before it. Its final or failure follows directly, unless no word was in
    /// it (`isSilent`).
    case settled(UtteranceKey, isSilent: Bool)
    /// Tell the listeners.
    case emit(TranscriptEvent)
}
