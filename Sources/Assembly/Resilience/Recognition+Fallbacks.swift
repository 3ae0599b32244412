import Logging
import ModelLibrary
public import MynahConfiguration
import PocketSphinxEngine
public import Ports
import Resilience
public import SpeechModel
import Telemetry

extension Recognition {
    /// What `stt.fallback` names, but for what is the main recogniser anyway: only the built-in one can stand in for itself, with a
    /// narrower search.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` or ``ErrorCode/brokenModel`` when there is no model for one.
    static func fallbacks(
        behind main: RecognitionModel, _ settings: Settings, models: ModelFiles, mode: PocketSphinxDecoder.Mode = .live,
        metrics: RecognitionMetrics, logger: Logger?
    ) throws(SpeechError) -> [Fallback] {
        var fallbacks: [Fallback] = []
        for fallback in settings.stt.fallback {
            switch (fallback, main) {
            case (.sherpa, .neural), (.openai, .remote): continue
            case (.sherpa, _):
                guard case .neural(let model) = try RecognitionModel.choose(settings, models: models, engine: .sherpa) else {
                    continue
                }
                fallbacks.append(
                    Fallback(fallback.rawValue, languages: model.description.servedLanguages) {
                        makeNeural(model, mode: mode, settings: settings, metrics: metrics, logger: logger)
                    })
            case (.openai, _):
                fallbacks.append(
                    Fallback(fallback.rawValue) {
                        makeRemote(mode: mode, settings: settings, usage: metrics.remote, logger: logger)
                    })
            case (.pocketsphinx, _):
                fallbacks.append(
                    Fallback(fallback.rawValue, languages: [models.language]) {
                        try makeBuiltIn(mode: mode, isFallback: mode == .live, settings: settings, models: models, logger: logger)
                    })
            }
        }
        return fallbacks
    }

    /// A recogniser for files, and what `stt.fallback` names behind it.
    ///
    /// - Parameter report: hears that something else stands in, or cannot.
    public static func makeFileRecognizer(
        _ settings: Settings, models: ModelFiles, report: @escaping @Sendable (String) -> Void
    ) throws(SpeechError) -> any Recognizer {
        // Nobody waits for a file: a model that is damaged is mended first.
        let model = try whole(settings, models: models)
        let metrics = RecognitionMetrics(in: MetricsRegistry())
        let main = try make(model, mode: .file, settings: settings, metrics: metrics, logger: nil)
        // What the built-in one cannot read, it cannot read with fewer readings either.
        if case .builtIn = model { return main }
        let fallbacks = try fallbacks(behind: model, settings, models: models, mode: .file, metrics: metrics, logger: nil)
        guard !fallbacks.isEmpty else { return main }
        let breaker = settings.resilience.circuitBreaker
        return GuardedRecognizer(
            main, fallbacks: fallbacks, failureThreshold: breaker.failureThreshold,
            resetTimeout: UInt64(breaker.resetTimeout) * 1_000_000_000, clock: SystemClock(),
            report: { news in
                switch news {
                case .fallback(let name, .success): report("\(main.identity.model) fails; \(name) stands in (stt.fallback).")
                case .fallback(let name, .failure(let error)): report("\(name) cannot stand in: \(error)")
                case .breaker: break
                }
            })
    }
}
