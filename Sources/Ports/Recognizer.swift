public import SpeechModel

/// Turns utterances into hypotheses. One instance serves every session; an engine or a pool of workers stands behind it.
public protocol Recognizer: Sendable {
    /// Which engine and model answer, for logs, `/status` and transcripts.
    var identity: RecognizerIdentity { get }
    /// How busy it is at this moment.
    var load: RecognizerLoad { get }

    /// Loads models, starts workers, and recognises a warm-up utterance in each, so that the first real one is not slow.
    func start() async throws
    /// Opens one utterance. Never blocks and never fails: what goes wrong reaches the observer as ``RecognitionUpdate/failed(_:)``.
    func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition
    /// Ends workers and frees models; recognitions still open are failed.
    func stop() async
}

/// One utterance on its way through a recogniser. Calls must not overlap; none of them blocks.
public protocol Recognition: AnyObject, Sendable {
    /// Adds audio: 16 kHz, mono, 16-bit.
    func append(_ samples: UnsafeBufferPointer<Int16>)
    /// Says that the utterance is complete; one final or failed update follows.
    func finish()
    /// Gives the utterance up; no further update follows. May be called from any thread, whatever else is being called.
    func cancel()
    /// Nobody listens for the moment: frees what others could use, but keeps the audio. The next call of ``append(_:)`` or ``finish()``
    /// takes it up again, as if nothing had been.
    func park()
}

/// Who wants to hear about an utterance. Called on a thread of the recogniser: hand over and return.
public protocol RecognitionObserver: AnyObject, Sendable {
    /// Something is known about the utterance `key`.
    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate)
}

/// What a session asks of a recogniser.
public struct RecognitionRequest: Sendable {
    /// Which utterance of which epoch; given back with every update.
    public var key: UtteranceKey
    /// What the engine learnt about this speaker and microphone so far (PocketSphinx: the cepstral mean), from the last final update.
    public var adaptation: String?
    /// Whether noise is to be suppressed before the engine listens; an engine that cannot goes on without.
    public var suppressesNoise: Bool
    /// What to listen for instead of every word: a hypothesis then holds each phrase that was said as one word, with its score as
    /// confidence, and nothing else. nil recognises every word.
    public var keyPhrases: KeyPhrases?
    /// The model that its session has; nil for the default.
    public var model: ModelPin?
    /// What is spoken, ISO 639-1; nil leaves it to the model to find out, or to its own default.
    public var language: String?
    /// Whether it is of a recording: it waits for its turn as long as it takes, behind everybody who is speaking.
    public var isBackground: Bool
    /// The voices of its session so far, where it is asked who speaks.
    public var speakers: SpeakerBook?

    /// Makes a request.
    public init(
        key: UtteranceKey, adaptation: String? = nil, suppressesNoise: Bool = false, keyPhrases: KeyPhrases? = nil,
        speakers: SpeakerBook? = nil, model: ModelPin? = nil, language: String? = nil, isBackground: Bool = false
    ) {
        self.isBackground = isBackground
        self.model = model
        self.language = language
        self.speakers = speakers
        self.keyPhrases = keyPhrases
        self.suppressesNoise = suppressesNoise
        self.key = key
        self.adaptation = adaptation
    }
}

/// What a recogniser tells about one utterance.
public enum RecognitionUpdate: Sendable {
    /// A reading that may change, after `throughSample` samples of the utterance (16 kHz).
    case partial(Hypothesis, throughSample: Int)
    /// The reading, and what was learnt for the next utterance of the same session.
    case final(Hypothesis, adaptation: String?)
    /// The utterance is lost, for instance ``ErrorCode/overloaded`` or ``ErrorCode/recogniserFailed``.
    case failed(SpeechError)
}

/// The name of what recognises.
public struct RecognizerIdentity: Sendable, Hashable {
    /// Engine and version, for instance `pocketsphinx 5.1.1`.
    public var engine: String
    /// Model name, for instance `en-us`.
    public var model: String
    /// ISO 639-1 language of the model.
    public var language: String

    /// Names a recogniser.
    public init(engine: String, model: String, language: String) {
        self.engine = engine
        self.model = model
        self.language = language
    }
}

/// A recogniser's occupation.
public struct RecognizerLoad: Sendable, Hashable {
    /// Decoders that are warm.
    public var ready: Int
    /// Decoders that work on an utterance.
    public var busy: Int
    /// Utterances that wait for a decoder.
    public var waiting: Int
    /// Decoders that there should be.
    public var capacity: Int

    /// Makes a figure of occupation.
    public init(ready: Int, busy: Int, waiting: Int, capacity: Int) {
        self.ready = ready
        self.busy = busy
        self.waiting = waiting
        self.capacity = capacity
    }
}
