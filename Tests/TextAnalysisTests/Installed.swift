import Foundation
import TextAnalysis

/// The data as `Scripts/setup` leaves it in `.native/models`.
enum Installed {
    private static let models = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".native/models")
    static let profiles = models.appending(path: "language").path
    static let lexicon = models.appending(path: "sentiment/vader_lexicon.txt").path

    /// All default languages; read once for all tests.
    static let analyser = Result { try TextAnalyser(languageProfiles: profiles, lexicon: lexicon) }

    /// An analyser for some languages.
    static func analyser(_ languages: String...) throws -> TextAnalyser {
        try TextAnalyser(languageProfiles: profiles, lexicon: lexicon, languages: languages)
    }
}
