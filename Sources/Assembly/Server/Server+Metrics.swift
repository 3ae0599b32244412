import Application
import Ports
import Resilience
import Telemetry
import Workers

extension Server {
    func register(
        _ metrics: MetricsRegistry, workers: @escaping @Sendable () -> WorkerPool.Statistics, recognizer: GuardedRecognizer,
        registry: SessionRegistry,
        capture: Capture,
        connections: @escaping @Sendable () -> Int
    ) {
        metrics.gauge("mynah_active_sessions", help: "Live sessions, detached ones included.") { Double(registry.count) }
        metrics.gauge("mynah_websocket_connections", help: "Open WebSocket connections.") { Double(connections()) }
        metrics.gauges(
            "rtap_buffer_utilization_ratio", help: "How full the fullest buffer of its kind is, 0-1.", labels: ["buffer"]
        ) { [(["inbox"], registry.inboxUtilization), (["capture"], capture.utilization)] }
        metrics.gauge("mynah_decoders_busy", help: "Decoders that work on an utterance.") { Double(recognizer.load.busy) }
        metrics.gauge("mynah_decoders_ready", help: "Decoders that are warm.") { Double(recognizer.load.ready) }
        metrics.gauge("mynah_utterances_waiting", help: "Utterances that wait for a decoder.") { Double(recognizer.load.waiting) }
        recognizer.register(in: metrics)
        metrics.counter("mynah_worker_crashes_total", help: "Decoder processes that ended by themselves.") {
            Double(workers().crashes)
        }
        metrics.counter("mynah_worker_hangs_total", help: "Decoder processes that were killed because they were stuck.") {
            Double(workers().hangs)
        }
        metrics.counter("mynah_utterances_replayed_total", help: "Utterances that were decoded again after that.") {
            Double(workers().replays)
        }
    }
}
