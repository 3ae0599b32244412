import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// A model that notices phrases and nothing else, through sherpa-onnx' keyword spotter. Belongs into a worker process.
///
/// Its readings hold each phrase as one word. The library says that it heard one, and not how sure it was: its confidence is 1.
public final class KeywordModel: BatchDecoder {
    public let largestBatch = 16
    private let spotter: OpaquePointer
    private let model: ModelDescription
    private let spelling: PhraseSpelling

    /// sherpa-onnx' own defaults.
    private enum Defaults {
        static let activePaths: Int32 = 4
        static let trailingBlanks: Int32 = 1
        static let boost: Float = 1
        static let threshold: Float = 0.25
    }

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        self.model = model
        spelling = try PhraseSpelling(tokens: model.path(.tokens, in: folder) ?? folder)
        // The library wants to be made with a phrase. This one never counts, because its name is no number.
        guard let piece = spelling.anyPiece else { throw .refused(model, "its tokens are no text") }
        let strings = CStrings()
        func path(_ role: ModelDescription.Role) -> UnsafePointer<CChar>? { strings.add(model.path(role, in: folder)) }
        var configuration = SherpaOnnxKeywordSpotterConfig()
        configuration.feat_config.sample_rate = Int32(model.sampleRate)
        configuration.feat_config.feature_dim = 80
        configuration.model_config.tokens = path(.tokens)
        configuration.model_config.num_threads = Int32(options.threads)
        configuration.model_config.provider = strings.add(options.provider)
        configuration.model_config.transducer.encoder = path(.encoder)
        configuration.model_config.transducer.decoder = path(.decoder)
        configuration.model_config.transducer.joiner = path(.joiner)
        configuration.max_active_paths = Defaults.activePaths
        configuration.num_trailing_blanks = Defaults.trailingBlanks
        configuration.keywords_score = Defaults.boost
        configuration.keywords_threshold = Defaults.threshold
        let phrase = "\(piece) #1 @none"
        configuration.keywords_buf = strings.add(phrase)
        configuration.keywords_buf_size = Int32(phrase.utf8.count)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateKeywordSpotter(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        spotter = made
    }

    deinit { SherpaOnnxDestroyKeywordSpotter(spotter) }

    /// - Parameter keyPhrases: nil listens for nothing.
    public func begin(keyPhrases: KeyPhrases?, language: String?) throws -> any BatchedUtterance {
        let phrases = keyPhrases?.texts ?? []
        let threshold = Self.threshold(sensitivity: keyPhrases?.sensitivity ?? 0)
        let lines = try phrases.enumerated().map { index, phrase in
            "\(try spelling.spell(phrase)) #\(threshold) @\(index)"
        }
        let stream =
            lines.isEmpty
            ? SherpaOnnxCreateKeywordStream(spotter)
            : SherpaOnnxCreateKeywordStreamWithKeywords(spotter, lines.joined(separator: "/"))
        guard let stream else {
            throw SpeechError(
                .recogniserFailed, "The model cannot begin an utterance.", advice: "Look at the memory that is left.")
        }
        return KeywordUtterance(
            OnlineAudio(stream, of: model), of: spotter, stepMS: model.stepMS ?? 0, phrases: phrases)
    }

    public func step(_ utterances: [any BatchedUtterance]) throws {
        let utterances = utterances.compactMap { $0 as? KeywordUtterance }
        var streams: [OpaquePointer?] = utterances.map(\.audio.stream)
        streams.withUnsafeMutableBufferPointer {
            SherpaOnnxDecodeMultipleKeywordStreams(spotter, $0.baseAddress, Int32($0.count))
        }
        for utterance in utterances { utterance.look() }
    }

    /// How probable a phrase must be, from 0 to 1: the library's default of 0.25 at the sensitivity 0.55, which is ours.
    static func threshold(sensitivity: Double) -> Double { max(0.01, (1 - sensitivity) * 0.25 / 0.45) }
}

private final class KeywordUtterance: BatchedUtterance {
    let audio: OnlineAudio
    private let spotter: OpaquePointer
    private let phrases: [String]
    private let stepMS: Int
    private var heard: [Word] = []
    /// How much of the audio was listened to, and when that was begun anew: the library counts from there.
    private var listenedMS = 0
    private var anewMS = 0
    /// A piece is emitted where the model became sure of it; its sound ends about so much later.
    private static let pieceMS = 120

    init(_ audio: OnlineAudio, of spotter: OpaquePointer, stepMS: Int, phrases: [String]) {
        self.stepMS = stepMS
        self.audio = audio
        self.spotter = spotter
        self.phrases = phrases
    }

    func accept(_ samples: UnsafeBufferPointer<Int16>) { audio.accept(samples) }
    func finish() { audio.finish() }
    var isReady: Bool { SherpaOnnxIsKeywordStreamReady(spotter, audio.stream) != 0 }
    func reading() -> Hypothesis { Hypothesis(words: heard) }

    /// To be called after each step: a phrase is told once.
    func look() {
        listenedMS += stepMS
        guard let result = SherpaOnnxGetKeywordResult(spotter, audio.stream) else { return }
        defer { SherpaOnnxDestroyKeywordResult(result) }
        let raw = result.pointee
        guard let name = raw.keyword, name.pointee != 0 else { return }
        let began = anewMS
        anewMS = listenedMS
        defer { SherpaOnnxResetKeywordStream(spotter, audio.stream) }
        guard let index = Int(String(cString: name)), phrases.indices.contains(index) else { return }
        let times = UnsafeBufferPointer(start: raw.timestamps, count: raw.timestamps == nil ? 0 : Int(raw.count)).map {
            began + Int($0 * 1000)
        }
        heard.append(
            Word(
                phrases[index], startMS: times.first ?? 0,
                endMS: min(audio.durationMS, (times.last ?? audio.durationMS) + Self.pieceMS), confidence: 1))
    }
}
