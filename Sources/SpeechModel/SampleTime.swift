/// A position in a session's audio, counted in samples at the pipeline's rate. Model time is never a wall clock.
public struct SampleTime: Hashable, Comparable, Sendable, Codable {
    /// The rate that everything after resampling runs at, in Hz.
    public static let rate = 16_000
    /// The beginning of the session.
    public static let zero = SampleTime(0)

    /// Samples since the session's start, at ``rate``.
    public var sample: Int

    /// Makes a position `sample` samples after the session's start.
    public init(_ sample: Int) { self.sample = sample }

    /// Whole milliseconds since the session's start, rounded down.
    public var milliseconds: Int { sample / (Self.rate / 1000) }
    /// Seconds since the session's start.
    public var seconds: Double { Double(sample) / Double(Self.rate) }

    /// Makes a position from milliseconds.
    public static func milliseconds(_ value: Int) -> SampleTime { SampleTime(value * (rate / 1000)) }

    public static func < (a: SampleTime, b: SampleTime) -> Bool { a.sample < b.sample }
    public static func + (a: SampleTime, b: Int) -> SampleTime { SampleTime(a.sample + b) }
    public static func - (a: SampleTime, b: SampleTime) -> Int { a.sample - b.sample }
}
