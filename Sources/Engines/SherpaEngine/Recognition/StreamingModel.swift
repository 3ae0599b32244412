import CSherpaOnnx
import Glibc
public import ModelLibrary
public import SpeechModel
public import Workers

/// A recogniser that writes while it listens, through sherpa-onnx' online API.
///
/// The native library prints and ends the process when a file is not what it expects, so this belongs into a worker process.
public final class StreamingModel: BatchDecoder {
    public let largestBatch = 32
    private let recognizer: OpaquePointer
    private let model: ModelDescription

    /// Loads a model that streams.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        self.model = model
        let strings = CStrings()
        func path(_ role: ModelDescription.Role) -> UnsafePointer<CChar>? { strings.add(model.path(role, in: folder)) }
        var configuration = SherpaOnnxOnlineRecognizerConfig()
        configuration.feat_config.sample_rate = Int32(model.sampleRate)
        configuration.feat_config.feature_dim = 80
        configuration.model_config.tokens = path(.tokens)
        configuration.model_config.num_threads = Int32(options.threads)
        configuration.model_config.provider = strings.add(options.provider)
        let followsSeveral = options.beamSize > 1 && model.followsSeveralReadings == true
        configuration.decoding_method = strings.add(followsSeveral ? "modified_beam_search" : "greedy_search")
        configuration.max_active_paths = Int32(options.beamSize)
        switch model.family {
        case .streamingTransducer:
            configuration.model_config.transducer.encoder = path(.encoder)
            configuration.model_config.transducer.decoder = path(.decoder)
            configuration.model_config.transducer.joiner = path(.joiner)
        case .streamingParaformer:
            configuration.model_config.paraformer.encoder = path(.encoder)
            configuration.model_config.paraformer.decoder = path(.decoder)
        case .streamingZipformerCTC: configuration.model_config.zipformer2_ctc.model = path(.model)
        case .streamingNeMoCTC: configuration.model_config.nemo_ctc.model = path(.model)
        case .streamingToneCTC: configuration.model_config.t_one_ctc.model = path(.model)
        default: throw .refused(model, "it reads whole utterances")
        }
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOnlineRecognizer(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        recognizer = made
    }

    deinit { SherpaOnnxDestroyOnlineRecognizer(recognizer) }

    public func begin(keyPhrases: KeyPhrases?, language: String?) throws -> any BatchedUtterance {
        guard keyPhrases == nil else { throw SpeechError.deafToPhrases }
        guard let stream = SherpaOnnxCreateOnlineStream(recognizer) else {
            throw SpeechError(
                .recogniserFailed, "The model cannot begin an utterance.", advice: "Look at the memory that is left.")
        }
        // Of several languages a NeMo model is told one; others do not read it.
        if let language, model.canBeTold(language) { SherpaOnnxOnlineStreamSetOption(stream, "language", language) }
        return StreamingUtterance(OnlineAudio(stream, of: model), of: recognizer, model: model)
    }

    public func step(_ utterances: [any BatchedUtterance]) throws {
        var streams: [OpaquePointer?] = utterances.map { ($0 as? StreamingUtterance)?.audio.stream }
        streams.withUnsafeMutableBufferPointer {
            SherpaOnnxDecodeMultipleOnlineStreams(recognizer, $0.baseAddress, Int32($0.count))
        }
    }
}

/// One stream of the native library.
private final class StreamingUtterance: BatchedUtterance {
    let audio: OnlineAudio
    private let recognizer: OpaquePointer
    private let model: ModelDescription

    init(_ audio: OnlineAudio, of recognizer: OpaquePointer, model: ModelDescription) {
        self.audio = audio
        self.recognizer = recognizer
        self.model = model
    }

    func accept(_ samples: UnsafeBufferPointer<Int16>) { audio.accept(samples) }
    func finish() { audio.finish() }
    var isReady: Bool { SherpaOnnxIsOnlineStreamReady(recognizer, audio.stream) != 0 }

    func reading() -> Hypothesis {
        guard let result = SherpaOnnxGetOnlineStreamResult(recognizer, audio.stream) else { return Hypothesis(words: []) }
        defer { SherpaOnnxDestroyOnlineRecognizerResult(result) }
        let raw = result.pointee
        let tokens = (0..<Int(raw.count)).compactMap { index -> TokenWords.Token? in
            guard let times = raw.timestamps, let text = raw.tokens_arr?[index] else { return nil }
            return TokenWords.Token(text: String(cString: text), startMS: Int(times[index] * 1000))
        }
        return Hypothesis(
            words: TokenWords.words(
                text: raw.text.map { String(cString: $0) } ?? "", tokens: tokens,
                endMS: audio.durationMS, lowercases: model.writesCapitalsOnly))
    }
}
