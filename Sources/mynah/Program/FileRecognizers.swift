import Application
import Assembly
import MynahConfiguration
import PocketSphinxEngine
import Ports
import SpeechModel
import Synchronization

/// The recognisers of files, one for each language, made when the first file needs it. Languages of one model share its process.
final class FileRecognizers: Sendable {
    private let settings: Settings
    private let models: ModelFiles
    private let made = Mutex(Made())

    private struct Recogniser {
        let recognizer: any Recognizer
        let punctuator: (any Punctuator)?
    }

    private struct Made {
        var byLanguage: [String: Recogniser] = [:]
        /// Without punctuation.
        var byModel: [String: any Recognizer] = [:]
    }

    init(_ settings: Settings, models: ModelFiles) {
        self.settings = settings
        self.models = models
    }

    /// The recogniser of a language, not yet started; what it writes has punctuation where there is a model for it.
    func recognizer(for language: String) throws(SpeechError) -> any Recognizer { try make(language).recognizer }

    /// The same, ready.
    func started(for language: String) async throws -> any Recognizer {
        let made = try make(language)
        try await made.punctuator?.start()
        try await made.recognizer.start()
        return made.recognizer
    }

    func stop() async {
        for made in made.withLock({ $0.byLanguage.values.map(\.self) }) {
            await made.recognizer.stop()
            await made.punctuator?.stop()
        }
    }

    private func make(_ language: String) throws(SpeechError) -> Recogniser {
        try made.withLock { made throws(SpeechError) in
            if let recogniser = made.byLanguage[language] { return recogniser }
            var wanted = settings
            wanted.language.default = language
            var recognizer = try Recognition.makeFileRecognizer(wanted, models: models) { Terminal.error.write("mynah: \($0)\n") }
            guard language == settings.language.default || recognizer.identity.language == language else {
                throw SpeechError(
                    .invalidParameter, "The language is \(language), and no model for it was added.",
                    advice: "Add one with `mynah models add` (docs/models.md names some), or name another with --language.")
            }
            recognizer = made.byModel[recognizer.identity.model] ?? recognizer
            made.byModel[recognizer.identity.model] = recognizer
            let punctuator = try TaskModels.punctuator(wanted, language: language, logger: nil)
            let recogniser = Recogniser(
                recognizer: FinalRefinement(recognizer, voices: nil, punctuator: punctuator), punctuator: punctuator)
            made.byLanguage[language] = recogniser
            return recogniser
        }
    }
}
