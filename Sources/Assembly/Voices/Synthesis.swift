import FliteEngine
public import Logging
import ModelLibrary
public import MynahConfiguration
public import OpenAIEngine
import Ports
public import SpeechModel
public import Telemetry
import Workers

/// Chooses and makes what speaks, from the configuration.
public enum Synthesis {
    /// What the voices that are there without any model are called, and where they come from.
    public static let builtInNames = FliteVoices.names + ["flite", "openai"]

    /// All voices, those of a provider among them, with the one that is configured as default: `tts.voice`; else the model that was added for `language.default`, if the
    /// engine is to be neural or may be; else the built-in one.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when there is no such voice.
    public static func make(
        _ settings: Settings, usage: RemoteUsage = RemoteUsage(in: MetricsRegistry()), logger: Logger?
    ) throws(SpeechError) -> Voices {
        let library = ModelLibrary(modelsDirectory: settings.models.directory)
        let manifest = try library.manifest()
        let added = manifest.models.filter { $0.value.description.family.task == .synthesis }.sorted { $0.key < $1.key }
        var sources = [builtIn(settings, logger: logger)]
        sources += added.map {
            neural($0.key, $0.value.description, in: library.folder(of: $0.key), settings: settings, logger: logger)
        }
        if let remote = remote(settings, usage: usage, logger: logger) { sources.append(remote) }
        let chosen = try defaultVoice(settings, manifest: manifest)
        guard sources.contains(where: { $0.name == chosen || $0.voices.contains { $0.id == chosen } }) else {
            throw SpeechError(
                .invalidConfiguration, "tts.voice is \(chosen), and there is no such voice.",
                advice: "There are: \(sources.flatMap(\.voices).prefix(20).map(\.id).joined(separator: ", ")).")
        }
        let byLanguage = manifest.defaults[.synthesis] ?? [:]
        return Voices(sources, defaultVoice: chosen, isDefaultChosen: settings.tts.voice != nil, byLanguage: byLanguage)
    }

    private static func defaultVoice(_ settings: Settings, manifest: Manifest) throws(SpeechError) -> String {
        if let voice = settings.tts.voice { return voice }
        let builtIn = FliteVoices.names[0]
        guard settings.tts.engine != .flite else { return builtIn }
        if settings.tts.engine == .openai { return settings.tts.openai.voices.first ?? builtIn }
        if let name = manifest.defaultModel(for: .synthesis, language: settings.language.default) { return name }
        guard settings.tts.engine == .auto else {
            throw SpeechError(
                .invalidConfiguration,
                "tts.engine is \(settings.tts.engine.rawValue), and no voice was added for \(settings.language.default).",
                advice: "Add one: `mynah models add FOLDER`; or set tts.engine to flite, which is built in.")
        }
        return builtIn
    }

    private static func builtIn(_ settings: Settings, logger: Logger?) -> Voices.Source {
        let voices = FliteVoices.names.map { Voice(id: $0, languages: ["en"]) }
        return Voices.Source(name: "flite", voices: voices) {
            WorkerSynthesizer(
                NeuralJobs.pool(.flite, [], failure: .synthesisFailed, settings: settings, logger: logger),
                identity: SynthesizerIdentity(engine: "flite 2.2", model: FliteVoices.names[0]), voices: voices)
        }
    }

    /// The voices of a provider, where one was named: by the engine, or by a key.
    private static func remote(_ settings: Settings, usage: RemoteUsage, logger: Logger?) -> Voices.Source? {
        let openai = settings.tts.openai
        let key = openai.apiKey?.value ?? openai.apiKeyFile?.secret
        guard settings.tts.engine == .openai || key != nil else { return nil }
        let provider = RemoteProvider(
            section: "tts.openai", baseURL: openai.baseURL, apiKey: key, model: openai.model, timeoutMS: openai.timeoutMS)
        return Voices.Source(name: "openai", voices: openai.voices.map { Voice(id: $0, languages: []) }) {
            OpenAISynthesizer(
                provider, voices: openai.voices, pricePerMillionCharacters: openai.pricePerMillionCharacters, usage: usage,
                clock: SystemClock(),
                report: {
                    logger?.warning("the remote voice failed", metadata: ["code": "\($0.code.rawValue)", "reason": "\($0)"])
                })
        }
    }

    private static func neural(
        _ name: String, _ model: ModelDescription, in folder: String, settings: Settings, logger: Logger?
    ) -> Voices.Source {
        let voices = Voice.ofModel(
            name, speakers: model.speakers ?? 1, named: model.speakerNames, languages: model.languages)
        return Voices.Source(name: name, voices: voices) {
            let language = model.family.mustBeTold ? TextLanguage(among: model.languages, settings: settings) : nil
            return WorkerSynthesizer(
                NeuralJobs.pool(.voice, [folder], failure: .synthesisFailed, settings: settings, logger: logger),
                identity: SynthesizerIdentity(engine: Recognition.engineName, model: name), voices: voices,
                identify: language?.language(of:))
        }
    }
}
