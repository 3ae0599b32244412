import Assembly
import Foundation
import MynahConfiguration
import TextAnalysis

/// What language and sentiment cost per final.
struct AnalysisTime {
    private static let rounds = 50
    let speech: Speech

    func run(_ report: inout Report) throws {
        report.title("Language and sentiment of a final")
        let settings = try Configuration.load(environment: ProcessInfo.processInfo.environment).settings
        let models = ModelFiles.locate(settings)
        let analyser = try TextAnalyser(languageProfiles: models.languageProfiles, lexicon: models.sentimentLexicon)
        // Sentences, and what somebody says who does not pause for 15 s.
        let texts = sentences + speech.real.map { $0.utterances.map(\.text).joined(separator: " ") }
        var languages: [Double] = []
        var sentiments: [Double] = []
        for text in (0..<Self.rounds).flatMap({ _ in texts }) {
            let begun = now()
            let language = analyser.language(of: text, expecting: "en").code
            let between = now()
            _ = analyser.sentiment(of: text, in: language)
            languages.append((between - begun) * 1e6)
            sentiments.append((now() - between) * 1e6)
        }
        report.line("language", Quantiles(languages), unit: "µs", p95Limit: 1000)
        report.line("sentiment", Quantiles(sentiments), unit: "µs", p95Limit: 1000)
        report.note("texts of \(texts.map { words($0).count }.min() ?? 0) to \(texts.map { words($0).count }.max() ?? 0) words")
    }
}
