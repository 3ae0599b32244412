import Lanes

/// Time and waiting, so that hours of capture are tested in no time.
protocol CaptureClock: Sendable {
    /// Nanoseconds on a clock that never jumps; only differences mean something.
    var nanoseconds: UInt64 { get }
    /// Waits until then, or until `flag` is raised.
    func wait(until nanoseconds: UInt64, unless flag: Flag)
}

/// The machine's clock.
struct MonotonicClock: CaptureClock {
    var nanoseconds: UInt64 { monotonicNanoseconds() }
    func wait(until nanoseconds: UInt64, unless flag: Flag) { flag.wait(until: nanoseconds) }
}
