import Glibc
import Synchronization

/// A thread that looks after lanes: one that does not come back from a client for too long is left alone with it (``Lane/abandon(turn:)``).
public final class LaneWatchdog: Sendable {
    private let lanes: [Lane]
    private let limitMS: Int
    private let onStuck: @Sendable (any LaneClient) -> Void
    private let isStopped = Atomic<Bool>(false)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - limitMS: a client may take this long, ≥10 ms; found out up to a tenth later.
    ///   - onStuck: called on the watchdog's thread with a client that will not be run any more, once its lane goes on.
    public init(_ lanes: [Lane], limitMS: Int, onStuck: @escaping @Sendable (any LaneClient) -> Void) {
        self.lanes = lanes
        self.limitMS = limitMS
        self.onStuck = onStuck
        spawnThread(name: "watchdog", isUrgent: true) { self.run() }
    }

    /// Ends the thread at its next look.
    public func stop() { isStopped.store(true, ordering: .releasing) }

    private func run() {
        let limit = UInt64(max(10, limitMS)) * 1_000_000
        let interval = limit / 10
        var watches = lanes.map { _ in LaneWatch(limit: limit, interval: interval) }
        while !isStopped.load(ordering: .acquiring) {
            usleep(UInt32(interval / 1000))
            for (index, lane) in lanes.enumerated() {
                let turn = lane.turn
                guard watches[index].isStuck(in: turn, at: monotonicNanoseconds()), let client = lane.abandon(turn: turn) else {
                    continue
                }
                onStuck(client)
            }
        }
    }
}
