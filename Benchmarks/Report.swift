import Dispatch
import Foundation

/// Lines of results, printed as they come.
struct Report {
    /// Figures beyond their limit so far.
    private(set) var missed = 0

    func title(_ text: String) { print("\n\(text)") }

    func note(_ text: String) {
        print("  \(text)")
        fflush(nil)
    }

    /// A distribution beside the limit of its 95th percentile.
    mutating func line(_ name: String, _ values: Quantiles, unit: String, p95Limit: Double? = nil) {
        let text =
            "p50 \(number(values[0.5]))  p95 \(number(values[0.95]))  p99 \(number(values[0.99])) \(unit)  (\(values.count))"
        line(name, text, isKept: p95Limit.map { values[0.95] <= $0 }, limit: p95Limit.map { "p95 ≤ \(number($0)) \(unit)" })
    }

    /// A distribution of few values beside the limit of the largest.
    mutating func line(_ name: String, _ values: Quantiles, unit: String, maxLimit: Double?) {
        let text = "p50 \(number(values[0.5]))  max \(number(values[1])) \(unit)  (\(values.count))"
        line(name, text, isKept: maxLimit.map { values[1] <= $0 }, limit: maxLimit.map { "max ≤ \(number($0)) \(unit)" })
    }

    /// One figure beside its upper or lower limit.
    mutating func line(_ name: String, _ value: Double, unit: String, atMost: Double? = nil, atLeast: Double? = nil) {
        let isKept: Bool? =
            if let atMost { value <= atMost } else if let atLeast { value >= atLeast } else { nil }
        let limit = atMost.map { "≤ \(number($0)) \(unit)" } ?? atLeast.map { "≥ \(number($0)) \(unit)" }
        line(name, "\(number(value)) \(unit)", isKept: isKept, limit: limit)
    }

    private mutating func line(_ name: String, _ value: String, isKept: Bool?, limit: String?) {
        if isKept == false { missed += 1 }
        let mark = isKept.map { $0 ? "✔" : "✘" } ?? " "
        let label = name.padding(toLength: max(52, name.count), withPad: " ", startingAt: 0)
        print("\(mark) \(label) \(value)\(limit.map { "   limit \($0)" } ?? "")")
        fflush(nil)
    }

    func end() { print(missed == 0 ? "\nEvery limit is kept." : "\n\(missed) limits are not kept.") }
}

/// Values in order.
struct Quantiles {
    private let sorted: [Double]

    init(_ values: some Sequence<Double>) { sorted = values.sorted() }

    var count: Int { sorted.count }
    /// The nearest rank; NaN of nothing.
    subscript(_ quantile: Double) -> Double {
        sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int((Double(sorted.count) * quantile).rounded(.up)) - 1).clamped]
    }
}

extension Int {
    fileprivate var clamped: Int { Swift.max(0, self) }
}

/// Three significant digits or so.
func number(_ value: Double) -> String {
    String(format: abs(value) >= 100 ? "%.0f" : abs(value) >= 10 ? "%.1f" : "%.2f", value)
}

/// Seconds on a clock that never jumps.
func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
