import Application
import Logging
import MynahConfiguration
import PipelineFeed
import PocketSphinxEngine
import Ports
import Resilience
import SpeechModel
import Telemetry
import Workers

extension Recognition {
    /// Puts the circuit breaker in front of the pool of live sessions, and the fall-back beside it, as configured.
    static func guarding(
        _ pool: any Recognizer, settings: Settings, models: ModelFiles, faults: FaultPlan?, admission: Admission,
        feed: any FeedPublisher, logger: Logger
    ) -> GuardedRecognizer {
        let breaker = settings.resilience.circuitBreaker
        let hasFallback = settings.stt.fallback == .fast
        let recognizer: any Recognizer = if let faults { FaultyRecognizer(pool, plan: faults) } else { pool }
        let makeFallback: @Sendable () throws -> any Recognizer = {
            try makeBuiltIn(mode: .live, isFallback: true, settings: settings, models: models, logger: logger)
        }
        return GuardedRecognizer(
            recognizer, fallback: hasFallback ? makeFallback : nil, failureThreshold: breaker.failureThreshold,
            resetTimeout: UInt64(breaker.resetTimeout) * 1_000_000_000,
            clock: SystemClock(), answered: { admission.answered(after: $0) },
            report: { news in
                switch news {
                case .breaker(let from, let to):
                    log(from, to, resetTimeout: breaker.resetTimeout, hasFallback: hasFallback, logger)
                    for event in events(from, to, hasFallback: hasFallback) { feed.publish(event, of: nil) }
                case .fallback(.success): logger.notice("the fall-back recogniser is ready")
                case .fallback(.failure(let error)):
                    logger.error("the fall-back recogniser cannot be started", metadata: ["reason": "\(error)"])
                }
            })
    }

    private static func log(
        _ from: CircuitBreaker.State, _ to: CircuitBreaker.State, resetTimeout: Int, hasFallback: Bool, _ logger: Logger
    ) {
        switch to {
        case .open:
            let what = hasFallback ? "the fall-back takes over" : "speech is not recognised"
            logger.error(
                from == .closed ? "the recogniser fails again and again; \(what)" : "the recogniser still fails",
                metadata: ["circuit_breaker": "open", "retry_in_s": "\(resetTimeout)"])
        case .halfOpen: logger.notice("the recogniser is tried again", metadata: ["circuit_breaker": "half_open"])
        case .closed: logger.notice("the recogniser works again", metadata: ["circuit_breaker": "closed"])
        }
    }

    /// What subscribers are told: of the outage when it begins, of who stands in, and of the end of it.
    private static func events(_ from: CircuitBreaker.State, _ to: CircuitBreaker.State, hasFallback: Bool) -> [FeedEvent] {
        let other = EventValue.text(hasFallback ? "fallback" : "none")
        switch (from, to) {
        case (.closed, .open):
            let failure: [String: EventValue] = [
                "stage": .text(PipelineStage.stt.rawValue), "error_type": .text(ErrorCode.recogniserFailed.rawValue),
                "message": "The recogniser fails again and again.",
            ]
            return [
                FeedEvent(.stageError, metadata: failure, level: .error, stage: .stt),
                FeedEvent(
                    .failover, metadata: ["component": "recogniser", "from": "main", "to": other],
                    level: hasFallback ? .warning : .critical, stage: .stt),
            ]
        case (_, .closed):
            return [FeedEvent(.failover, metadata: ["component": "recogniser", "from": other, "to": "main"], stage: .stt)]
        default: return []
        }
    }
}

extension GuardedRecognizer {
    /// Registers what is to be seen of it.
    func register(in metrics: MetricsRegistry) {
        metrics.gauges(
            "mynah_circuit_breaker_state", help: "0: closed, all is well; 1: half open, on trial; 2: open, not asked.",
            labels: ["name"]
        ) { [self] in
            let value: Double =
                switch state {
                case .closed: 0
                case .halfOpen: 1
                case .open: 2
                }
            return [(["stt"], value)]
        }
        metrics.counter("mynah_fallback_finals_total", help: "Utterances that the fall-back recogniser answered.") { [self] in
            Double(statistics.finals)
        }
        metrics.counter("mynah_fallback_failures_total", help: "Utterances that the fall-back recogniser failed on too.") {
            [self] in
            Double(statistics.failures)
        }
    }
}
