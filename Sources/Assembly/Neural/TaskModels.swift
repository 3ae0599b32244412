public import Logging
import ModelLibrary
public import MynahConfiguration
public import Ports
public import SpeechModel
import Workers

/// Makes what comes after the words, from the models that were added: who speaks, and where sentences end.
public enum TaskModels {
    /// Who speaks in a recording.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` naming what is missing.
    public static func diarizer(_ settings: Settings, logger: Logger?) throws(SpeechError) -> any SpeakerDiarizer {
        let library = ModelLibrary(modelsDirectory: settings.models.directory)
        let segmentation = try folder(of: .speakerSegmentation, in: library)
        let embedding = try folder(of: .speakerEmbedding, in: library)
        return WorkerDiarizer(
            NeuralJobs.pool(
                .diarization, ["\(settings.speakers.threshold)", embedding, segmentation], failure: .recogniserFailed,
                settings: settings, logger: logger))
    }

    /// Whose voice it is in a live session; nil where nobody asks.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when there is no model for it.
    static func comparer(_ settings: Settings, logger: Logger?) throws(SpeechError) -> (any VoiceComparer)? {
        guard settings.speakers.enabled else { return nil }
        let embedding = try folder(of: .speakerEmbedding, in: ModelLibrary(modelsDirectory: settings.models.directory))
        return WorkerVoiceComparer(
            NeuralJobs.pool(.embedding, [embedding], failure: .recogniserFailed, settings: settings, logger: logger))
    }

    /// Where sentences end; nil without a model for the language.
    public static func punctuator(_ settings: Settings, language: String, logger: Logger?) throws(SpeechError) -> (
        any Punctuator
    )? {
        let library = ModelLibrary(modelsDirectory: settings.models.directory)
        guard let name = try library.manifest().defaultModel(for: .punctuation, language: language) else { return nil }
        return WorkerPunctuator(
            NeuralJobs.pool(
                .punctuation, [library.folder(of: name)], failure: .recogniserFailed, settings: settings, logger: logger))
    }

    /// What takes noise out of a recording.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when there is no model for it.
    public static func enhancer(_ settings: Settings, logger: Logger?) throws(SpeechError) -> any Enhancer {
        let model = try folder(
            of: .enhancement, for: "To take noise out", in: ModelLibrary(modelsDirectory: settings.models.directory))
        return WorkerEnhancer(
            NeuralJobs.pool(.enhancement, [model], failure: .recogniserFailed, settings: settings, logger: logger))
    }

    /// Which language is spoken: the smallest Whisper that knows several.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when there is none.
    public static func languageIdentifier(
        _ settings: Settings, logger: Logger?
    ) throws(SpeechError) -> any SpokenLanguageIdentifier {
        let library = ModelLibrary(modelsDirectory: settings.models.directory)
        let models = try library.manifest().models.filter { $0.value.description.tellsLanguages }
        guard let name = models.min(by: { ($0.value.description.bytes, $0.key) < ($1.value.description.bytes, $1.key) })?.key
        else {
            throw SpeechError(
                .invalidConfiguration, "To tell the language a Whisper model of several languages is needed, and none was added.",
                advice: "Add one: `mynah models add FOLDER`; docs/models.md says which there are. Or name the language.")
        }
        return WorkerLanguageIdentifier(
            NeuralJobs.pool(.language, [library.folder(of: name)], failure: .recogniserFailed, settings: settings, logger: logger)
        )
    }

    private static func folder(
        of task: ModelTask, for purpose: String = "To tell speakers apart", in library: ModelLibrary
    ) throws(SpeechError) -> String {
        guard let name = try library.manifest().defaultModel(for: task, language: Manifest.anyLanguage) else {
            throw SpeechError(
                .invalidConfiguration, "\(purpose) a model for \(task.rawValue) is needed, and none was added.",
                advice: "Add one: `mynah models add FOLDER`; docs/models.md says which there are.")
        }
        return library.folder(of: name)
    }
}
