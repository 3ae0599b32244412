import CSherpaOnnx
public import ModelLibrary
public import Ports
public import SpeechModel
public import Workers

/// A voice of sherpa-onnx: VITS (Piper, Coqui, MeloTTS …), Matcha, Kokoro or Kitten. Belongs into a worker process.
public final class VoiceModel: JobRunner {
    private let tts: OpaquePointer
    private let model: ModelDescription
    private let phonemizer: any Phonemizer
    public let greeting: [JobValue]

    /// Loads a voice.
    ///
    /// - Parameter phonemizer: tells a voice without a lexicon how words are pronounced.
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it; what the phonemizer throws, when it is needed.
    public init(
        _ model: ModelDescription, in folder: String, phonemizer: any Phonemizer, options: RecognitionOptions
    ) throws(SpeechError) {
        self.model = model
        self.phonemizer = phonemizer
        // What cannot be had should be missed before somebody wants to speak.
        if let voice = model.phonemes { _ = try phonemizer.phonemes(of: "a", voice: voice) }
        let strings = CStrings()
        func path(_ role: ModelDescription.Role) -> UnsafePointer<CChar>? {
            strings.add(model.files[role].map { folder + "/" + $0 })
        }
        func paths(_ files: [String]) -> UnsafePointer<CChar>? {
            files.isEmpty ? nil : strings.add(files.map { folder + "/" + $0 }.joined(separator: ","))
        }
        let lexicon = paths(model.lexicons)
        var configuration = SherpaOnnxOfflineTtsConfig()
        configuration.model.num_threads = Int32(options.threads)
        configuration.model.provider = strings.add(options.provider)
        configuration.rule_fsts = paths(model.rules)
        configuration.max_num_sentences = 1
        // What the library's own programs take, for models that say nothing of it.
        configuration.silence_scale = 0.2
        switch model.family {
        case .vits:
            configuration.model.vits.model = path(.model)
            configuration.model.vits.tokens = path(.tokens)
            configuration.model.vits.lexicon = lexicon
            configuration.model.vits.noise_scale = 0.667
            configuration.model.vits.noise_scale_w = 0.8
            configuration.model.vits.length_scale = 1
        case .matcha:
            configuration.model.matcha.acoustic_model = path(.model)
            configuration.model.matcha.vocoder = path(.vocoder)
            configuration.model.matcha.tokens = path(.tokens)
            configuration.model.matcha.lexicon = lexicon
            configuration.model.matcha.noise_scale = 0.667
            configuration.model.matcha.length_scale = 1
        case .kokoro:
            configuration.model.kokoro.model = path(.model)
            configuration.model.kokoro.voices = path(.voices)
            configuration.model.kokoro.tokens = path(.tokens)
            configuration.model.kokoro.lexicon = lexicon
            configuration.model.kokoro.length_scale = 1
        case .kitten:
            configuration.model.kitten.model = path(.model)
            configuration.model.kitten.voices = path(.voices)
            configuration.model.kitten.tokens = path(.tokens)
            configuration.model.kitten.lexicon = lexicon
            configuration.model.kitten.length_scale = 1
        default: throw .refused(model, "it is not a voice")
        }
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOfflineTts(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        tts = made
        greeting = [
            .numbers([Double(SherpaOnnxOfflineTtsSampleRate(made)), Double(max(1, SherpaOnnxOfflineTtsNumSpeakers(made)))])
        ]
    }

    deinit { SherpaOnnxDestroyOfflineTts(tts) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard let job = SynthesisJob(request) else { throw Unspeakable(description: "it was given no text") }
        var configuration = SherpaOnnxGenerationConfig()
        configuration.speed = Float(job.speed)
        configuration.sid = Int32(job.speaker)
        configuration.silence_scale = 0.2
        let phonemes = try model.phonemes.map { try phonemizer.phonemes(of: job.text, voice: $0) }
        let codepoints = phonemes.map { $0.unicodeScalars.map { Int32($0.value) } } ?? []
        let made = codepoints.withUnsafeBufferPointer { codepoints in
            withUnsafePointer(to: Int32(codepoints.count)) { count in
                if !codepoints.isEmpty {
                    configuration.phoneme_codepoints = codepoints.baseAddress
                    configuration.phoneme_codepoints_lens = count
                    configuration.phoneme_codepoints_num_sentences = 1
                }
                return SherpaOnnxOfflineTtsGenerateWithConfig(tts, job.text, &configuration, nil, nil)
            }
        }
        guard let audio = made else {
            throw Unspeakable(description: "it has no sound for any of this text; its lexicon may lack every word")
        }
        defer { SherpaOnnxDestroyOfflineTtsGeneratedAudio(audio) }
        let samples = UnsafeBufferPointer(start: audio.pointee.samples, count: Int(audio.pointee.n))
        return [.samples(samples.map { Int16(clamping: Int(($0 * 32767).rounded())) })]
    }

    private struct Unspeakable: Error, CustomStringConvertible {
        let description: String
    }
}
