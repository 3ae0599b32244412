import CSherpaOnnx
public import ModelLibrary
public import Ports
public import SpeechModel
public import Workers

/// A voice of sherpa-onnx: VITS (Piper, Coqui, MeloTTS …), Matcha, Kokoro, Kitten, Supertonic, or one that copies the voice of a recording
/// (ZipVoice, Pocket). Belongs into a worker process.
public final class VoiceModel: JobRunner {
    private let tts: OpaquePointer
    private let model: ModelDescription
    private let phonemizer: any Phonemizer
    private let references: [ReferenceVoice]
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
        // The library parts them by commas.
        if let path = (model.lexicons + model.rules).map({ folder + "/" + $0 }).first(where: { $0.contains(",") }) {
            throw SpeechError(
                .brokenModel, "There is a comma in \(path), where a voice with lexicons cannot have one.",
                advice: "Rename the folder, or the file.")
        }
        references = try (model.recordings ?? []).map { recording throws(SpeechError) in
            try ReferenceVoice(folder + "/" + recording, withWords: model.family == .zipvoice)
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
        case .zipvoice:
            configuration.model.zipvoice.encoder = path(.encoder)
            configuration.model.zipvoice.decoder = path(.decoder)
            configuration.model.zipvoice.vocoder = path(.vocoder)
            configuration.model.zipvoice.tokens = path(.tokens)
            configuration.model.zipvoice.lexicon = lexicon
        case .pocket:
            configuration.model.pocket.lm_flow = path(.flow)
            configuration.model.pocket.lm_main = path(.main)
            configuration.model.pocket.encoder = path(.encoder)
            configuration.model.pocket.decoder = path(.decoder)
            configuration.model.pocket.text_conditioner = path(.conditioner)
            configuration.model.pocket.vocab_json = path(.vocabulary)
            configuration.model.pocket.token_scores_json = path(.scores)
            configuration.model.pocket.voice_embedding_cache_capacity = Int32(model.recordings?.count ?? 0)
        case .supertonic:
            configuration.model.supertonic.duration_predictor = path(.durations)
            configuration.model.supertonic.text_encoder = path(.textEncoder)
            configuration.model.supertonic.vector_estimator = path(.estimator)
            configuration.model.supertonic.vocoder = path(.vocoder)
            configuration.model.supertonic.tts_json = path(.figures)
            configuration.model.supertonic.unicode_indexer = path(.characters)
            configuration.model.supertonic.voice_style = path(.voices)
        default: throw .refused(model, "it is not a voice")
        }
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOfflineTts(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        tts = made
        greeting = [.numbers([Double(SherpaOnnxOfflineTtsSampleRate(made))])]
    }

    deinit { SherpaOnnxDestroyOfflineTts(tts) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard let job = SynthesisJob(request) else { throw Unspeakable(description: "it was given no text") }
        var configuration = SherpaOnnxGenerationConfig()
        configuration.speed = Float(job.speed)
        configuration.sid = Int32(job.speaker)
        configuration.silence_scale = 0.2
        let strings = CStrings()
        if model.family == .supertonic { configuration.extra = strings.add(try languageOption(job.language)) }
        let reference = references.indices.contains(job.speaker) ? references[job.speaker] : references.first
        reference?.describe(to: &configuration)
        let phonemes = try model.phonemes.map { try phonemizer.phonemes(of: job.text, voice: $0) }
        let codepoints = phonemes.map { $0.unicodeScalars.map { Int32($0.value) } } ?? []
        let made = codepoints.withUnsafeBufferPointer { codepoints in
            withUnsafePointer(to: Int32(codepoints.count)) { count in
                if !codepoints.isEmpty {
                    configuration.phoneme_codepoints = codepoints.baseAddress
                    configuration.phoneme_codepoints_lens = count
                    configuration.phoneme_codepoints_num_sentences = 1
                }
                return withExtendedLifetime((strings, reference)) {
                    SherpaOnnxOfflineTtsGenerateWithConfig(tts, job.text, &configuration, nil, nil)
                }
            }
        }
        guard let audio = made else {
            throw Unspeakable(description: "it has no sound for any of this text; its lexicon may lack every word")
        }
        defer { SherpaOnnxDestroyOfflineTtsGeneratedAudio(audio) }
        let samples = UnsafeBufferPointer(start: audio.pointee.samples, count: Int(audio.pointee.n))
        // Recordings that a voice cannot be taken from give what is no number.
        guard samples.allSatisfy(\.isFinite) else { throw Unspeakable(description: "it makes no sound of this text") }
        return [.samples(samples.map { Int16(max(-1, min(1, $0)) * 32767) })]
    }

    /// The library says nothing at all in a language that it does not know.
    private func languageOption(_ asked: String?) throws -> String {
        let language = asked ?? model.languages.first ?? "en"
        guard model.languages.contains(language) else {
            throw Unspeakable(
                description: "it does not speak the language \(language); it speaks \(model.languages.joined(separator: ", "))")
        }
        return "{\"lang\": \"\(language)\"}"
    }

    private struct Unspeakable: Error, CustomStringConvertible {
        let description: String
    }
}
