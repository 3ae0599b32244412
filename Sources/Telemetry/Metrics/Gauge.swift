import Synchronization

/// A number that goes up and down. Keep the handle: setting is one atomic store and allocates nothing.
public final class Gauge: Metric {
    public static let type = "gauge"
    private let number = AtomicDouble()

    /// Makes a gauge at 0.
    public init() {}

    /// The number now.
    public var value: Double { number.value }

    /// Replaces the number.
    public func set(_ value: Double) { number.set(value) }

    /// Adds `amount`, which may be negative.
    public func add(_ amount: Double) { number.add(amount) }

    public func write(_ sample: inout SampleWriter) {
        sample.write(value)
    }
}
