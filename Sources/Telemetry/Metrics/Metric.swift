/// One time series, or the few that a histogram consists of.
public protocol Metric: AnyObject, Sendable {
    /// The type's name in the text format: `counter`, `gauge` or `histogram`.
    static var type: String { get }
    /// Writes the current value, or values.
    func write(_ sample: inout SampleWriter)
}
