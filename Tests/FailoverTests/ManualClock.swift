import Lanes

/// A clock that the test sets.
final class ManualClock: Sendable {
    private let time = Locked<UInt64>(1_000_000_000_000)
    var now: UInt64 { time.withLock { $0 } }
    func pass(_ nanoseconds: UInt64) { time.withLock { $0 += nanoseconds } }
}
