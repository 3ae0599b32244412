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

    private static func folder(of task: ModelTask, in library: ModelLibrary) throws(SpeechError) -> String {
        guard let name = try library.manifest().defaultModel(for: task, language: Manifest.anyLanguage) else {
            throw SpeechError(
                .invalidConfiguration, "To tell speakers apart a model for \(task.rawValue) is needed, and none was added.",
                advice: "Add one: `mynah models add FOLDER`; docs/models.md says which there are.")
        }
        return library.folder(of: name)
    }
}
