public import SpeechModel

/// A model that takes the utterances of many sessions along in one step, as its worker process drives it, blocking.
public protocol BatchDecoder: AnyObject {
    /// At most so many utterances in one step.
    var largestBatch: Int { get }
    /// Begins an utterance.
    ///
    /// - Parameter language: what is spoken, ISO 639-1, where that is known; a model that cannot be told goes on without.
    /// - Throws: when the model cannot listen for `keyPhrases`.
    func begin(keyPhrases: KeyPhrases?, language: String?) throws -> any BatchedUtterance
    /// Takes one step with each of `utterances`, which this decoder began and which are ready. Called on several threads at once, with
    /// different utterances; an utterance is used by one thread at a time.
    func step(_ utterances: [any BatchedUtterance]) throws
}

/// One utterance of a ``BatchDecoder``.
public protocol BatchedUtterance: AnyObject {
    /// Keeps more audio for the steps to come: 16 kHz, mono, 16-bit.
    func accept(_ samples: UnsafeBufferPointer<Int16>)
    /// No more audio comes.
    func finish()
    /// Whether a step would bring it on. After ``finish()``, no more steps mean that the reading is final.
    var isReady: Bool { get }
    /// The reading so far, with times in milliseconds from the utterance's start.
    func reading() -> Hypothesis
}
