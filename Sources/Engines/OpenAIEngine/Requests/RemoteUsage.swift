import Synchronization
public import Telemetry

/// What was asked of providers, and what that costs where prices are configured; one for a server.
public final class RemoteUsage: Sendable {
    enum Kind: String, Sendable {
        case transcription
        case speech
    }

    private struct Sums {
        var audioSeconds: [String: Double] = [:]
        var characters: [String: Double] = [:]
        var cost: [[String]: Double] = [:]
    }

    private let requests: MetricFamily<Counter>
    private let durations: MetricFamily<Histogram>
    private let sums: Ledger

    /// Registers the metrics; once per registry.
    public init(in registry: MetricsRegistry) {
        let sums = Ledger()
        self.sums = sums
        requests = registry.counters(
            "mynah_remote_requests_total", help: "Requests to remote engines, repetitions among them, by how they ended.",
            labels: ["provider", "kind", "outcome"])
        durations = registry.histograms(
            "mynah_remote_request_seconds", help: "How long a request to a remote engine took: speech until it began to come.",
            labels: ["provider", "kind"], bounds: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60])
        registry.counters(
            "mynah_remote_audio_seconds_total", help: "Speech that remote engines transcribed.", labels: ["provider"]
        ) { sums.read { $0.audioSeconds.map { ([$0.key], $0.value) } } }
        registry.counters(
            "mynah_remote_characters_total", help: "Characters that remote engines spoke.", labels: ["provider"]
        ) { sums.read { $0.characters.map { ([$0.key], $0.value) } } }
        registry.counters(
            "mynah_remote_cost_total", help: "What that costs by the configured prices, in their currency.",
            labels: ["provider", "kind"]
        ) { sums.read { $0.cost.map { ($0.key, $0.value) } } }
    }

    func count(_ provider: RemoteProvider, _ kind: Kind, _ outcome: String) {
        requests[provider.name, kind.rawValue, outcome].increment()
    }

    func observe(_ provider: RemoteProvider, _ kind: Kind, seconds: Double) {
        durations[provider.name, kind.rawValue].observe(seconds)
    }

    func transcribed(_ provider: RemoteProvider, seconds: Double, pricePerMinute: Double) {
        sums.change { sums in
            sums.audioSeconds[provider.name, default: 0] += seconds
            guard pricePerMinute > 0 else { return }
            sums.cost[[provider.name, Kind.transcription.rawValue], default: 0] += seconds / 60 * pricePerMinute
        }
    }

    func spoke(_ provider: RemoteProvider, characters: Int, pricePerMillion: Double) {
        sums.change { sums in
            sums.characters[provider.name, default: 0] += Double(characters)
            guard pricePerMillion > 0 else { return }
            sums.cost[[provider.name, Kind.speech.rawValue], default: 0] += Double(characters) / 1e6 * pricePerMillion
        }
    }

    /// Sums that are no whole numbers, as counters are.
    private final class Ledger: Sendable {
        private let sums = Mutex(Sums())

        func change(_ body: (inout Sums) -> Void) { sums.withLock { body(&$0) } }

        func read(_ body: (Sums) -> [([String], Double)]) -> [(labels: [String], value: Double)] {
            sums.withLock { body($0) }.sorted { $0.0.lexicographicallyPrecedes($1.0) }.map { (labels: $0.0, value: $0.1) }
        }
    }
}
