import MynahConfiguration
import PocketSphinxEngine
import Synchronization
import TextAnalysis

/// Tells voices that speak several languages which one a text is written in.
final class TextLanguage: Sendable {
    private let languages: [String]
    private let settings: Settings
    /// Made for the first text; nil inside where its files are missing, which the server tells elsewhere.
    private let analyser = Mutex<TextAnalyser??>(nil)

    /// - Parameter languages: those that the voice speaks.
    init(among languages: [String], settings: Settings) {
        self.languages = languages
        self.settings = settings
    }

    /// One of the voice's languages: the text's, or where that cannot be told the configured default.
    func language(of text: String) -> String? {
        let usual = settings.language.default
        let analyser = analyser.withLock { analyser in
            if let analyser { return analyser }
            let models = ModelFiles.locate(settings)
            let made = try? TextAnalyser(languageProfiles: models.languageProfiles, lexicon: models.sentimentLexicon)
            analyser = .some(made)
            return made
        }
        let found = analyser?.language(of: text, expecting: usual).code
        return [found, usual].compactMap(\.self).first(where: languages.contains) ?? languages.first
    }
}
