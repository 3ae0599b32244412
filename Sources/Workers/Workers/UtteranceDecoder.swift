public import SpeechModel

/// A native decoder as the worker process drives it: one utterance at a time, on one thread, blocking.
public protocol UtteranceDecoder: AnyObject {
    /// Begins an utterance; `adaptation` is what ``finish()`` returned for the same session before. A decoder that has a noise
    /// suppressor puts it in front if told so. With `keyPhrases` the readings hold these only, each as one word.
    func start(adaptation: String?, suppressesNoise: Bool, keyPhrases: KeyPhrases?) throws
    /// Decodes more audio: 16 kHz, mono, 16-bit.
    func accept(_ samples: UnsafeBufferPointer<Int16>) throws
    /// The reading so far, with times in milliseconds from the utterance's start.
    func partial() -> Hypothesis
    /// Ends the utterance: the final reading, and what was learnt about speaker and microphone.
    func finish() throws -> (hypothesis: Hypothesis, adaptation: String?)
    /// Gives the utterance up.
    func cancel()
}
