/// Observations counted by size. Keep the handle: observing is a search among the bounds and two atomic adds, without allocation.
public final class Histogram: Metric {
    public static let type = "histogram"

    /// Upper bounds in seconds, fine around 1 ms (our own share) and around 20 ms (a frame, a recogniser's answer).
    public static let latencyBuckets: [Double] = [
        0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0008, 0.001, 0.0015, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03,
        0.05, 0.06, 0.1, 0.15,
        0.2, 0.5, 1, 2, 5,
    ]

    /// The inclusive upper bounds, ascending; what is larger than the last is counted under `+Inf`.
    public let bounds: [Double]
    private let counts: [Counter]
    private let total = AtomicDouble()

    /// Makes an empty histogram; `bounds` must be finite and ascending.
    public init(bounds: [Double] = Histogram.latencyBuckets) {
        // The text format has no meaning for unsorted buckets, and bounds are literals in the source.
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<) && bounds.allSatisfy(\.isFinite), "bounds must ascend")
        self.bounds = bounds
        self.counts = (0...bounds.count).map { _ in Counter() }
    }

    /// How many observations were made.
    public var count: Int { counts.reduce(0) { $0 + $1.value } }

    /// The sum of all observations.
    public var sum: Double { total.value }

    /// Counts one observation, in the unit of the bounds; NaN is not an observation and is ignored.
    public func observe(_ value: Double) {
        guard !value.isNaN else { return }
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        counts[low].increment()
        total.add(value)
    }

    /// Counts a duration in seconds.
    public func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    public func write(_ sample: inout SampleWriter) {
        // The count is what the buckets add up to, so a scrape during an observation is still consistent in itself.
        var cumulative = 0
        for (index, counter) in counts.enumerated() {
            cumulative += counter.value
            let bound = index < bounds.count ? bounds[index] : .infinity
            sample.write(Double(cumulative), suffix: "_bucket", extraLabel: ("le", prometheusNumber(bound)))
        }
        sample.write(sum, suffix: "_sum")
        sample.write(Double(cumulative), suffix: "_count")
    }
}
