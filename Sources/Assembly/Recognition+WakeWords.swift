import Logging
import ModelLibrary
public import MynahConfiguration
import PocketSphinxEngine
public import SpeechModel
public import SpeechPipeline
import Workers

extension Recognition {
    /// What wakes sessions up, as configured; nil when there is no phrase.
    ///
    /// A keyword model that was added listens for it, else the built-in recogniser, whichever recognises what is said then.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` naming a word that it does not know.
    public static func wakeWord(_ settings: Settings, models: ModelFiles) throws(SpeechError) -> WakeWord? {
        guard !settings.wakeword.phrases.isEmpty else { return nil }
        do {
            if let model = keywordModel(settings) {
                let spelling = try PhraseSpelling(tokens: model.description.path(.tokens, in: model.folder) ?? model.folder)
                for phrase in settings.wakeword.phrases { _ = try spelling.spell(phrase) }
            } else {
                try models.check()
                try PronunciationDictionary.check(settings.wakeword.phrases, models: models.pocketSphinx)
            }
        } catch {
            // Who needs no wake word need not have what hears it; only to the built-in recogniser it belongs.
            guard !settings.wakeword.enabled else { throw error }
            guard keywordModel(settings) == nil, case .builtIn = try RecognitionModel.choose(settings, models: models) else {
                return nil
            }
            throw error
        }
        return WakeWord(
            phrases: KeyPhrases(settings.wakeword.phrases, sensitivity: settings.wakeword.sensitivity),
            windowMS: settings.wakeword.windowMS)
    }

    /// The model that was added for wake words, if it can be used.
    static func keywordModel(_ settings: Settings, logger: Logger? = nil) -> RecognitionModel.NeuralModel? {
        let library = ModelLibrary(modelsDirectory: settings.models.directory)
        do {
            guard let name = try library.manifest().defaultModel(for: .keywordSpotting, language: Manifest.anyLanguage) else {
                return nil
            }
            let folder = library.folder(of: name)
            return RecognitionModel.NeuralModel(name: name, folder: folder, description: try ModelFolder(folder).inspect())
        } catch {
            logger?.error(
                "the model for wake words cannot be used; the built-in recogniser listens for them",
                metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// What listens for wake words where the recogniser itself does not.
    static func makeSpotter(
        _ model: RecognitionModel.NeuralModel?, settings: Settings, models: ModelFiles, metrics: RecognitionMetrics,
        logger: Logger?
    ) throws(SpeechError) -> WorkerPool {
        // It may have to be started first, and nobody has told the speaker to wait.
        var settings = settings
        settings.stt.waitForDecoderMS = max(10_000, settings.stt.waitForDecoderMS)
        guard let model else { return try makeBuiltIn(mode: .live, settings: settings, models: models, logger: logger) }
        return makeNeural(model, mode: .live, settings: settings, metrics: metrics, logger: logger)
    }
}
