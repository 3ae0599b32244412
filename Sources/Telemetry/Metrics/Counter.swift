import Synchronization

/// A count that only grows. Keep the handle: incrementing is one atomic add and allocates nothing.
public final class Counter: Metric {
    public static let type = "counter"
    private let count = Atomic<Int>(0)

    /// Makes a counter at 0.
    public init() {}

    /// The count so far.
    public var value: Int { count.load(ordering: .relaxed) }

    /// Adds `amount`, which must not be negative: a counter that falls reads as a restart to every rate query.
    public func increment(by amount: Int = 1) {
        precondition(amount >= 0, "a counter only grows")
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    public func write(_ sample: inout SampleWriter) {
        sample.write(Double(value))
    }
}
