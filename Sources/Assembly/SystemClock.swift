import Glibc
public import Ports

/// The real clock and the system's randomness.
public struct SystemClock: Clock {
    /// Makes the clock.
    public init() {}

    public var monotonicNanoseconds: UInt64 { read(CLOCK_MONOTONIC) }
    public var unixMilliseconds: UInt64 { read(CLOCK_REALTIME) / 1_000_000 }
    public func randomBits() -> UInt64 { UInt64.random(in: .min ... .max) }

    private func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
