import Glibc

/// `CLOCK_MONOTONIC` in ns, which does not count while the machine is suspended.
public func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

/// `CLOCK_BOOTTIME` in ns since the machine's start: it counts while the machine is suspended, nobody can set it, and all processes of one
/// machine read the same. For promises that must not outlive their time.
public func bootNanoseconds() -> UInt64 { nanoseconds(CLOCK_BOOTTIME) }

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
