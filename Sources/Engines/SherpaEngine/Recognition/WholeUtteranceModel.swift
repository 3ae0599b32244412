import CSherpaOnnx
import Glibc
public import ModelLibrary
public import SpeechModel
public import Workers

/// A recogniser that reads whole utterances, through sherpa-onnx' offline API. While one grows it is read again and again, so that
/// partial results come of these models, too.
///
/// The native library prints and ends the process when a file is not what it expects, so this belongs into a worker process.
public final class WholeUtteranceModel: BatchDecoder {
    public let largestBatch = 8
    private let recognizer: OpaquePointer
    private let model: ModelDescription
    private let options: RecognitionOptions
    private let prompt: LanguagePrompt

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        self.model = model
        self.options = options
        let strings = CStrings()
        func path(_ role: ModelDescription.Role) -> UnsafePointer<CChar>? { strings.add(model.path(role, in: folder)) }
        var configuration = SherpaOnnxOfflineRecognizerConfig()
        configuration.feat_config.sample_rate = Int32(model.sampleRate)
        configuration.feat_config.feature_dim = 80
        configuration.model_config.tokens = path(.tokens)
        configuration.model_config.num_threads = Int32(options.threads)
        configuration.model_config.provider = strings.add(options.provider)
        let followsSeveral = options.beamSize > 1 && model.followsSeveralReadings == true
        configuration.decoding_method = strings.add(followsSeveral ? "modified_beam_search" : "greedy_search")
        configuration.max_active_paths = Int32(options.beamSize)
        switch model.family {
        case .transducer, .nemoTransducer:
            configuration.model_config.transducer.encoder = path(.encoder)
            configuration.model_config.transducer.decoder = path(.decoder)
            configuration.model_config.transducer.joiner = path(.joiner)
            if model.family == .nemoTransducer { configuration.model_config.model_type = strings.add("nemo_transducer") }
        case .paraformer: configuration.model_config.paraformer.model = path(.model)
        case .nemoCTC: configuration.model_config.nemo_ctc.model = path(.model)
        case .zipformerCTC: configuration.model_config.zipformer_ctc.model = path(.model)
        case .wenetCTC: configuration.model_config.wenet_ctc.model = path(.model)
        case .telespeechCTC:
            configuration.model_config.telespeech_ctc = path(.model)
            configuration.model_config.model_type = strings.add("telespeech_ctc")
        case .senseVoice:
            configuration.model_config.sense_voice.model = path(.model)
            configuration.model_config.sense_voice.use_itn = 1
        case .dolphin: configuration.model_config.dolphin.model = path(.model)
        case .whisper:
            configuration.model_config.whisper.encoder = path(.encoder)
            configuration.model_config.whisper.decoder = path(.decoder)
            configuration.model_config.whisper.task = strings.add("transcribe")
            configuration.model_config.whisper.tail_paddings = -1
        case .moonshine:
            configuration.model_config.moonshine.preprocessor = path(.preprocessor)
            configuration.model_config.moonshine.encoder = path(.encoder)
            configuration.model_config.moonshine.uncached_decoder = path(.uncachedDecoder)
            configuration.model_config.moonshine.cached_decoder = path(.cachedDecoder)
        case .moonshineMerged:
            configuration.model_config.moonshine.encoder = path(.encoder)
            configuration.model_config.moonshine.merged_decoder = path(.mergedDecoder)
        case .fireRedCTC: configuration.model_config.fire_red_asr_ctc.model = path(.model)
        case .omnilingualCTC: configuration.model_config.omnilingual.model = path(.model)
        case .medASRCTC: configuration.model_config.medasr.model = path(.model)
        case .canary:
            configuration.model_config.canary.encoder = path(.encoder)
            configuration.model_config.canary.decoder = path(.decoder)
            configuration.model_config.canary.use_pnc = 1
        case .fireRed:
            configuration.model_config.fire_red_asr.encoder = path(.encoder)
            configuration.model_config.fire_red_asr.decoder = path(.decoder)
        case .cohere:
            configuration.model_config.cohere_transcribe.encoder = path(.encoder)
            configuration.model_config.cohere_transcribe.decoder = path(.decoder)
            configuration.model_config.cohere_transcribe.use_punct = 1
            configuration.model_config.cohere_transcribe.use_itn = 1
        // What follows is what the library's own programs set.
        case .qwen3:
            configuration.feat_config.feature_dim = 128
            configuration.model_config.qwen3_asr.conv_frontend = path(.frontend)
            configuration.model_config.qwen3_asr.encoder = path(.encoder)
            configuration.model_config.qwen3_asr.decoder = path(.decoder)
            configuration.model_config.qwen3_asr.tokenizer = path(.tokenizer)
            configuration.model_config.qwen3_asr.max_total_len = 512
            configuration.model_config.qwen3_asr.max_new_tokens = 128
            configuration.model_config.qwen3_asr.temperature = 1e-6
            configuration.model_config.qwen3_asr.top_p = 0.8
            configuration.model_config.qwen3_asr.seed = 42
        case .funASRNano:
            configuration.model_config.funasr_nano.encoder_adaptor = path(.encoder)
            configuration.model_config.funasr_nano.llm = path(.llm)
            configuration.model_config.funasr_nano.embedding = path(.embedding)
            configuration.model_config.funasr_nano.tokenizer = path(.tokenizer)
            configuration.model_config.funasr_nano.system_prompt = strings.add("You are a helpful assistant.")
            configuration.model_config.funasr_nano.user_prompt = strings.add("语音转写:")
            configuration.model_config.funasr_nano.max_new_tokens = 512
            configuration.model_config.funasr_nano.temperature = 1e-6
            configuration.model_config.funasr_nano.top_p = 0.8
            configuration.model_config.funasr_nano.seed = 42
            configuration.model_config.funasr_nano.itn = 1
        default: throw .refused(model, "it does not read whole utterances")
        }
        prompt = LanguagePrompt(model, usual: options.language, configuration, strings)
        guard let made = SherpaOnnxCreateOfflineRecognizer(&configuration) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        recognizer = made
    }

    deinit { SherpaOnnxDestroyOfflineRecognizer(recognizer) }

    public func begin(keyPhrases: KeyPhrases?, language: String?) throws -> any BatchedUtterance {
        guard keyPhrases == nil else { throw SpeechError.deafToPhrases }
        return WholeUtterance(language: prompt.language(asked: language), givesPartials: options.givesPartials)
    }

    /// Less is no frame, which some models crash over; nobody says a word in it.
    private static let shortest = SampleTime.rate / 20

    public func step(_ utterances: [any BatchedUtterance]) throws {
        let all = utterances.compactMap { $0 as? WholeUtterance }
        for utterance in all where utterance.audio.count < Self.shortest { utterance.read(Hypothesis(words: [])) }
        let utterances = all.filter { $0.audio.count >= Self.shortest }
        guard !utterances.isEmpty else { return }
        let streams: [OpaquePointer?] = utterances.map { _ in SherpaOnnxCreateOfflineStream(recognizer) }
        defer { for stream in streams { SherpaOnnxDestroyOfflineStream(stream) } }
        for (utterance, stream) in zip(utterances, streams) {
            utterance.audio.withUnsafeBufferPointer {
                SherpaOnnxAcceptWaveformOffline(stream, Int32(SampleTime.rate), $0.baseAddress, Int32($0.count))
            }
        }
        prompt.decode(streams, of: utterances.map(\.language), with: recognizer)
        for (utterance, stream) in zip(utterances, streams) { utterance.read(words(of: stream, length: utterance.audio.count)) }
    }

    private func words(of stream: OpaquePointer?, length: Int) -> Hypothesis {
        guard let result = SherpaOnnxGetOfflineStreamResult(stream) else { return Hypothesis(words: []) }
        defer { SherpaOnnxDestroyOfflineRecognizerResult(result) }
        let raw = result.pointee
        let tokens = (0..<Int(raw.count)).compactMap { index -> TokenWords.Token? in
            guard let times = raw.timestamps, let text = raw.tokens_arr?[index] else { return nil }
            return TokenWords.Token(
                text: String(cString: text), startMS: Int(times[index] * 1000),
                durationMS: raw.durations.map { Int($0[index] * 1000) },
                logProbability: raw.ys_log_probs.map { Double($0[index]) })
        }
        return Hypothesis(
            words: TokenWords.words(
                text: raw.text.map { String(cString: $0) } ?? "", tokens: tokens, endMS: length / (SampleTime.rate / 1000),
                lowercases: model.writesCapitalsOnly), language: raw.lang.flatMap { Self.language(String(cString: $0)) })
    }

    /// Whisper writes `en`, SenseVoice `<|en|>`, others nothing.
    static func language(_ label: String) -> String? {
        let code = label.trimmingPrefix("<|").prefix { $0 != "|" }
        return (2...3).contains(code.count) && code.allSatisfy { $0.isASCII && $0.isLowercase } ? String(code) : nil
    }
}

/// The audio of an utterance, and its last reading.
private final class WholeUtterance: BatchedUtterance {
    /// It is read again when so much more has been said: a second, later a quarter of all, so that the work grows with the audio's
    /// length and not with its square.
    private static let leastGrowth = SampleTime.rate

    /// What the model is told; nil leaves it to it.
    let language: String?
    private let givesPartials: Bool
    private(set) var audio: [Float] = []
    private var isFinished = false
    private var samplesRead = 0
    private var hypothesis = Hypothesis(words: [])

    init(language: String?, givesPartials: Bool) {
        self.language = language
        self.givesPartials = givesPartials
    }

    var isReady: Bool {
        let growth = audio.count - samplesRead
        return isFinished ? growth > 0 : givesPartials && growth >= max(Self.leastGrowth, audio.count / 4)
    }

    func accept(_ samples: UnsafeBufferPointer<Int16>) { audio.append(contentsOf: samples.lazy.map { Float($0) / 32768 }) }
    func finish() { isFinished = true }
    func reading() -> Hypothesis { hypothesis }

    func read(_ hypothesis: Hypothesis) {
        self.hypothesis = hypothesis
        samplesRead = audio.count
    }
}
