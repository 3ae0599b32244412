import Synchronization

@testable import CaptureEdge

/// A clock that jumps to the end of each wait.
final class ManualClock: CaptureClock {
    private let now = Atomic<UInt64>(1_000_000_000)

    var nanoseconds: UInt64 { now.load(ordering: .relaxed) }
    /// Milliseconds since the clock was made.
    var elapsedMS: Int { Int(nanoseconds / 1_000_000) - 1000 }

    func advance(by nanoseconds: UInt64) { now.wrappingAdd(nanoseconds, ordering: .relaxed) }

    func wait(until nanoseconds: UInt64, unless flag: Flag) {
        if !flag.isRaised { now.max(nanoseconds, ordering: .relaxed) }
    }
}
