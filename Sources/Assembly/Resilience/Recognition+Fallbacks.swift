import Logging
import MynahConfiguration
import PocketSphinxEngine
import Resilience
import SpeechModel

extension Recognition {
    /// What `stt.fallback` names, but for what is the main recogniser anyway: only the built-in one can stand in for itself, with a
    /// narrower search.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` or ``ErrorCode/brokenModel`` when there is no model for one.
    static func fallbacks(
        _ settings: Settings, models: ModelFiles, metrics: RecognitionMetrics, logger: Logger
    ) throws(SpeechError) -> [Fallback] {
        let main = try usable(settings, models: models, logger: nil)
        var fallbacks: [Fallback] = []
        for fallback in settings.stt.fallback {
            switch (fallback, main) {
            case (.sherpa, .neural), (.openai, .remote): continue
            case (.sherpa, _):
                guard case .neural(let model) = try RecognitionModel.choose(settings, models: models, engine: .sherpa) else {
                    continue
                }
                fallbacks.append(
                    Fallback(fallback.rawValue) {
                        makeNeural(model, mode: .live, settings: settings, metrics: metrics, logger: logger)
                    })
            case (.openai, _):
                fallbacks.append(
                    Fallback(fallback.rawValue) {
                        makeRemote(mode: .live, settings: settings, usage: metrics.remote, logger: logger)
                    })
            case (.pocketsphinx, _):
                fallbacks.append(
                    Fallback(fallback.rawValue) {
                        try makeBuiltIn(mode: .live, isFallback: true, settings: settings, models: models, logger: logger)
                    })
            }
        }
        return fallbacks
    }
}
