import CSherpaOnnx
import Glibc
public import ModelLibrary
public import SpeechModel
public import Workers

/// A recogniser that writes while it listens, through sherpa-onnx' online API.
///
/// The native library prints and ends the process when a file is not what it expects, so this belongs into a worker process.
public final class StreamingModel: BatchDecoder {
    public let largestBatch = 16
    private let recognizer: OpaquePointer
    private let model: ModelDescription

    /// Loads a model that streams.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        self.model = model
        let strings = CStrings()
        func path(_ role: ModelDescription.Role) -> UnsafePointer<CChar>? {
            strings.add(model.files[role].map { folder + "/" + $0 })
        }
        var configuration = SherpaOnnxOnlineRecognizerConfig()
        configuration.feat_config.sample_rate = Int32(model.sampleRate)
        configuration.feat_config.feature_dim = 80
        configuration.model_config.tokens = path(.tokens)
        configuration.model_config.num_threads = Int32(options.threads)
        configuration.model_config.provider = strings.add(options.provider)
        configuration.decoding_method = strings.add("greedy_search")
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

    public func begin(keyPhrases: KeyPhrases?) throws -> any BatchedUtterance {
        guard keyPhrases == nil else { throw SpeechError.deafToPhrases }
        guard let stream = SherpaOnnxCreateOnlineStream(recognizer) else {
            throw SpeechError(
                .recogniserFailed, "The model cannot begin an utterance.", advice: "Look at the memory that is left.")
        }
        return StreamingUtterance(stream, of: recognizer, model: model)
    }

    public func step(_ utterances: [any BatchedUtterance]) throws {
        var streams: [OpaquePointer?] = utterances.map { ($0 as? StreamingUtterance)?.stream }
        streams.withUnsafeMutableBufferPointer {
            SherpaOnnxDecodeMultipleOnlineStreams(recognizer, $0.baseAddress, Int32($0.count))
        }
    }
}

/// One stream of the native library.
private final class StreamingUtterance: BatchedUtterance {
    let stream: OpaquePointer
    private let recognizer: OpaquePointer
    private let model: ModelDescription
    private var samples = 0
    private var floats: [Float] = []
    private var isFinished = false

    init(_ stream: OpaquePointer, of recognizer: OpaquePointer, model: ModelDescription) {
        self.stream = stream
        self.recognizer = recognizer
        self.model = model
    }

    deinit { SherpaOnnxDestroyOnlineStream(stream) }

    func accept(_ samples: UnsafeBufferPointer<Int16>) {
        self.samples += samples.count
        floats.removeAll(keepingCapacity: true)
        floats.append(contentsOf: samples.lazy.map { Float($0) / 32768 })
        feed()
    }

    func finish() {
        isFinished = true
        // The library takes whole steps only: silence fills the last one, and one more brings out what the model holds back.
        floats = [Float](repeating: 0, count: SampleTime.rate / 1000 * max(500, 2 * (model.stepMS ?? 0)))
        feed()
        SherpaOnnxOnlineStreamInputFinished(stream)
    }

    private func feed() {
        floats.withUnsafeBufferPointer {
            SherpaOnnxOnlineStreamAcceptWaveform(stream, Int32(SampleTime.rate), $0.baseAddress, Int32($0.count))
        }
    }

    var isReady: Bool { SherpaOnnxIsOnlineStreamReady(recognizer, stream) != 0 }

    func reading() -> Hypothesis {
        guard let result = SherpaOnnxGetOnlineStreamResult(recognizer, stream) else { return Hypothesis(words: []) }
        defer { SherpaOnnxDestroyOnlineRecognizerResult(result) }
        let raw = result.pointee
        let tokens = (0..<Int(raw.count)).compactMap { index -> TokenWords.Token? in
            guard let times = raw.timestamps, let text = raw.tokens_arr?[index] else { return nil }
            return TokenWords.Token(text: String(cString: text), startMS: Int(times[index] * 1000))
        }
        return Hypothesis(
            words: TokenWords.words(
                text: raw.text.map { String(cString: $0) } ?? "", tokens: tokens,
                endMS: samples / (SampleTime.rate / 1000), lowercases: model.writesCapitalsOnly))
    }
}
