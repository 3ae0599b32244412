import AudioFiles
import Synchronization

/// What the thread of a capture loop shares with all others.
final class CaptureControl: Sendable {
    /// The loop is to end.
    let stopping = Flag()
    /// The loop has ended.
    let ended = Flag()
    /// Ends the reads of files.
    let cancellation = Cancellation()
    private let isStarted = Atomic(false)
    private let utilizationBits = Atomic<UInt64>(0)
    private let dropped = Atomic(0)

    /// True for the first caller only.
    func claimStart() -> Bool { !isStarted.exchange(true, ordering: .acquiringAndReleasing) }

    func beginStop() {
        stopping.raise()
        cancellation.cancel()
        // Nobody will start it any more, so nobody else will say that it has ended.
        if claimStart() { ended.raise() }
    }

    /// How full the ring is, 0–1.
    var utilization: Double {
        get { Double(bitPattern: utilizationBits.load(ordering: .relaxed)) }
        set { utilizationBits.store(newValue.bitPattern, ordering: .relaxed) }
    }

    /// Frames that were lost.
    var droppedFrames: Int { dropped.load(ordering: .relaxed) }
    func addDropped(_ frames: Int) { dropped.wrappingAdd(frames, ordering: .relaxed) }
}
