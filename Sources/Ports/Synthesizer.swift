public import SpeechModel

/// Turns text into speech. One instance serves everybody; an engine, a worker process or a remote server stands behind it.
public protocol Synthesizer: Sendable {
    /// Which engine and model speak, for logs and `/status`.
    var identity: SynthesizerIdentity { get }
    /// Who can speak. Empty until ``start()`` has returned, where only the engine knows.
    var voices: [Voice] { get }

    /// Loads models and speaks a warm-up text, so that the first real one is not slow.
    func start() async throws
    /// Speaks.
    ///
    /// - Throws: ``ErrorCode/invalidParameter`` when the voice does not exist, ``ErrorCode/overloaded`` when too many wait already.
    func speak(_ request: SpeechRequest) async throws -> any SpokenAudio
    /// Ends workers and frees models; what is being spoken fails.
    func stop() async
}

/// Speech as it is being made. The next part is made while the last one is taken, and no more in advance than an engine's own pieces, so
/// that a slow reader costs no memory.
public protocol SpokenAudio: AnyObject, Sendable {
    /// Samples per second, mono.
    var sampleRate: Int { get }
    /// The next samples; nil at the end. Calls must not overlap.
    ///
    /// - Throws: ``ErrorCode/synthesisFailed`` when the engine gives up.
    func next() async throws -> [Int16]?
    /// Nobody listens any more: the engine stops as soon as it can. May be called at any time, from any thread.
    func cancel()
}

/// What is to be spoken.
public struct SpeechRequest: Sendable {
    /// By how much a voice can be slower or faster.
    public static let speeds = 0.25...4.0
    /// As many characters at once as the interfaces of other products accept.
    public static let maximumCharacters = 10_000

    /// The text, 1 to ``maximumCharacters`` characters.
    public var text: Sensitive<String>
    /// The voice's ``Voice/id``; nil is the engine's first.
    public var voice: String?
    /// 1 is the voice's own speed; within ``speeds``.
    public var speed: Double
    /// What the text is written in, ISO 639-1; nil leaves it to the voice.
    public var language: String?

    /// Makes a request.
    ///
    /// - Throws: ``ErrorCode/invalidParameter`` when text or speed is outside its range.
    public init(_ text: String, voice: String? = nil, speed: Double = 1, language: String? = nil) throws(SpeechError) {
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw SpeechError(.invalidParameter, "There is no text to speak.", advice: "Send at least one word.")
        }
        guard text.count <= Self.maximumCharacters else {
            throw SpeechError(
                .tooLarge, "The text has \(text.count) characters; at most \(Self.maximumCharacters) are spoken at once.",
                advice: "Send it in parts.")
        }
        guard Self.speeds.contains(speed) else {
            throw SpeechError(
                .invalidParameter, "The speed is \(speed).",
                advice: "Set it between \(Self.speeds.lowerBound) and \(Self.speeds.upperBound); 1 is the voice's own.")
        }
        self.text = Sensitive(text)
        self.language = language
        self.voice = voice
        self.speed = speed
    }
}

/// Somebody who can speak.
public struct Voice: Sendable, Hashable {
    /// How a request names it, for instance `slt`, or `piper-amy/0`.
    public var id: String
    /// ISO 639-1 languages that it speaks; empty when its model does not say.
    public var languages: [String]

    /// Describes a voice.
    public init(id: String, languages: [String]) {
        self.id = id
        self.languages = languages
    }

    /// The voices of a model: with one speaker it is its own name; of several each has a name, or a number.
    public static func ofModel(_ name: String, speakers: Int, named names: [String]? = nil, languages: [String]) -> [Voice] {
        let ids = names.map { $0.map { "\(name)/\($0)" } } ?? (speakers <= 1 ? [name] : (0..<speakers).map { "\(name)/\($0)" })
        return ids.map { Voice(id: $0, languages: languages) }
    }
}

/// The name of what speaks.
public struct SynthesizerIdentity: Sendable, Hashable {
    /// Engine and version, for instance `sherpa-onnx 2.0.1`.
    public var engine: String
    /// Model name.
    public var model: String

    /// Names a synthesizer.
    public init(engine: String, model: String) {
        self.engine = engine
        self.model = model
    }
}
