import Application
import Logging
import MynahConfiguration
import OpenAIEngine
import PipelineFeed
import Ports
import Resilience
import SpeechModel
import Telemetry

extension Recognition {
    /// Puts a circuit breaker in front of the recogniser of live sessions, and those that stand in beside it, as configured.
    static func guarding(
        _ main: any Recognizer, fallbacks: [Fallback], settings: Settings, faults: FaultPlan?, admission: Admission,
        feed: any FeedPublisher, logger: Logger
    ) -> GuardedRecognizer {
        let breaker = settings.resilience.circuitBreaker
        let recognizer: any Recognizer = if let faults { FaultyRecognizer(main, plan: faults) } else { main }
        let names = fallbacks.map(\.name)
        // How long a provider takes says nothing of this machine.
        let remotes = [main is OpenAIRecognizer] + names.map { $0 == Settings.STT.Fallback.openai.rawValue }
        return GuardedRecognizer(
            recognizer, fallbacks: fallbacks, failureThreshold: breaker.failureThreshold,
            resetTimeout: UInt64(breaker.resetTimeout) * 1_000_000_000,
            clock: SystemClock(), answered: { lag, place in if !remotes[place] { admission.answered(after: lag) } },
            report: { news in
                switch news {
                case .breaker(let place, let from, let to):
                    let what = place == 0 ? "the recogniser" : "the fall-back recogniser"
                    var logger = logger
                    logger[metadataKey: "engine"] = "\(place == 0 ? main.identity.engine : names[place - 1])"
                    if place < names.count { logger[metadataKey: "fallback"] = "\(names[place])" }
                    log(what, from, to, resetTimeout: breaker.resetTimeout, hasFallback: place < names.count, logger)
                    // Who stands in for whom among the fall-backs is not the subscribers' affair: all of them are `fallback`.
                    guard place == 0 else { return }
                    for event in events(from, to, hasFallback: !names.isEmpty) { feed.publish(event, of: nil) }
                case .fallback(let name, .success):
                    logger.notice("the fall-back recogniser is ready", metadata: ["engine": "\(name)"])
                case .fallback(let name, .failure(let error)):
                    logger.error(
                        "the fall-back recogniser cannot be started", metadata: ["engine": "\(name)", "reason": "\(error)"])
                }
            })
    }

    private static func log(
        _ what: String, _ from: CircuitBreaker.State, _ to: CircuitBreaker.State, resetTimeout: Int, hasFallback: Bool,
        _ logger: Logger
    ) {
        switch to {
        case .open:
            let then = hasFallback ? "the fall-back takes over" : "speech is not recognised"
            logger.error(
                from == .closed ? "\(what) fails again and again; \(then)" : "\(what) still fails",
                metadata: ["circuit_breaker": "open", "retry_in_s": "\(resetTimeout)"])
        case .halfOpen: logger.notice("\(what) is tried again", metadata: ["circuit_breaker": "half_open"])
        case .closed: logger.notice("\(what) works again", metadata: ["circuit_breaker": "closed"])
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
            [(["stt"], state.figure)] + standings.map { (["stt_fallback_\($0.name)"], $0.state.figure) }
        }
        metrics.counters(
            "mynah_fallback_finals_total", help: "Utterances that a fall-back recogniser answered.", labels: ["engine"]
        ) { [self] in standings.map { ([$0.name], Double($0.finals)) } }
        metrics.counter("mynah_fallback_failures_total", help: "Utterances that the fall-back recognisers failed on too.") {
            [self] in
            Double(statistics.failures)
        }
    }
}

extension CircuitBreaker.State {
    /// In metrics.
    fileprivate var figure: Double {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }
}
