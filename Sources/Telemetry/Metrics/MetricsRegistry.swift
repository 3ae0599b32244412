import Synchronization

/// Every metric of the program, and their text for a scrape.
///
/// Each name is registered once, at assembly. A second registration, a malformed name or label, or a counter whose name does not
/// end in `_total` is a mistake in the source and traps: silently dropping a metric would show only in an alert that never fires.
public final class MetricsRegistry: Sendable {
    private let collectors = Mutex<[any Collector]>([])

    /// Makes a registry without metrics.
    public init() {}

    /// The `Content-Type` of ``exposition()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Registers a counter without labels.
    public func counter(_ name: String, help: String) -> Counter {
        counters(name, help: help, labels: []).member([])
    }

    /// Registers a family of counters.
    public func counters(_ name: String, help: String, labels: [String]) -> MetricFamily<Counter> {
        register(MetricFamily(name: name, help: help, labels: labels) { Counter() }, labels: labels)
    }

    /// Registers a counter that is kept elsewhere; `read` is called on the scraping thread and must be quick.
    public func counter(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
        counters(name, help: help, labels: []) { [([], read())] }
    }

    /// Registers counters that are kept elsewhere; `read` returns the label values, in the order of `labels`, and the value of each.
    public func counters(
        _ name: String, help: String, labels: [String],
        read: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        _ = register(Readings(name: name, help: help, type: Counter.type, labels: labels, read: read), labels: labels)
    }

    /// Registers a gauge without labels.
    public func gauge(_ name: String, help: String) -> Gauge {
        gauges(name, help: help, labels: []).member([])
    }

    /// Registers a family of gauges.
    public func gauges(_ name: String, help: String, labels: [String]) -> MetricFamily<Gauge> {
        register(MetricFamily(name: name, help: help, labels: labels) { Gauge() }, labels: labels)
    }

    /// Registers a gauge that is kept elsewhere; `read` is called on the scraping thread and must be quick.
    public func gauge(_ name: String, help: String, read: @escaping @Sendable () -> Double) {
        gauges(name, help: help, labels: []) { [([], read())] }
    }

    /// Registers gauges that are kept elsewhere; `read` returns the label values, in the order of `labels`, and the value of each.
    public func gauges(
        _ name: String, help: String, labels: [String],
        read: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        _ = register(Readings(name: name, help: help, type: Gauge.type, labels: labels, read: read), labels: labels)
    }

    /// Registers a histogram without labels; `bounds` are ascending upper bounds in the unit of the name.
    public func histogram(
        _ name: String, help: String, bounds: [Double] = Histogram.latencyBuckets
    ) -> Histogram {
        histograms(name, help: help, labels: [], bounds: bounds).member([])
    }

    /// Registers a family of histograms with the same bounds.
    public func histograms(
        _ name: String, help: String, labels: [String], bounds: [Double] = Histogram.latencyBuckets
    ) -> MetricFamily<Histogram> {
        register(MetricFamily(name: name, help: help, labels: labels) { Histogram(bounds: bounds) }, labels: labels)
    }

    /// Everything in the Prometheus text format 0.0.4, in the order of registration. A family without members is left out.
    public func exposition() -> String {
        collectors.withLock { $0 }.map { collector in
            let samples = collector.samples()
            if samples.isEmpty { return "" }
            return "# HELP \(collector.name) \(escapedHelp(collector.help))\n# TYPE \(collector.name) \(collector.type)\n"
                + samples
        }.joined()
    }

    private func register<C: Collector>(_ collector: C, labels: [String]) -> C {
        let name = collector.name
        precondition(isMetricName(name), "\(name) is not a metric name")
        precondition(
            labels.allSatisfy { isMetricName($0) && !$0.contains(":") && $0 != "le" }, "a label of \(name) is not allowed")
        precondition(
            (collector.type == Counter.type) == name.hasSuffix("_total"), "counters, and only they, end in _total: \(name)")
        collectors.withLock { collectors in
            precondition(!collectors.contains { $0.name == name }, "\(name) is registered already")
            collectors.append(collector)
        }
        return collector
    }
}

/// What the registry asks of whatever holds the metrics of one name.
protocol Collector: Sendable {
    var name: String { get }
    var help: String { get }
    var type: String { get }
    /// The sample lines, without the header.
    func samples() -> String
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
private func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
