import Foundation
import MynahConfiguration
import PocketSphinxEngine
import TextAnalysis

/// Tells voices that speak several languages which one a text is written in.
struct TextLanguage: Sendable {
    private let languages: [String]
    private let usual: String
    /// Nil where its files are missing, which `mynah doctor` and the server tell.
    private let analyser: TextAnalyser?

    /// Reads the profiles of the languages; it takes some ten milliseconds.
    ///
    /// - Parameter languages: those that the voice speaks.
    init(among languages: [String], settings: Settings) {
        self.languages = languages
        usual = settings.language.default
        let models = ModelFiles.locate(settings)
        let known = languages.filter { code in
            ["zh", "ja", "ko"].contains(code) || FileManager.default.fileExists(atPath: "\(models.languageProfiles)/\(code)")
        }
        analyser = try? TextAnalyser(
            languageProfiles: models.languageProfiles, lexicon: models.sentimentLexicon, languages: known)
    }

    /// One of the voice's languages: the text's, or where that cannot be told the configured default.
    func language(of text: String) -> String? {
        let found = analyser?.language(of: text, expecting: usual).code
        return [found, usual].compactMap(\.self).first(where: languages.contains) ?? languages.first
    }
}
