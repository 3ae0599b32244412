/// Finds out from a lane's turns, seen from time to time, whether its thread does not come back from a client. Pure.
///
/// Only time in which the watch itself was awake counts, so that a process that was stopped, or a machine that slept, does not look like
/// a stuck thread.
public struct LaneWatch: Sendable {
    private let limit: UInt64
    private let interval: UInt64
    private var turn: UInt64 = 0
    private var stuckFor: UInt64 = 0
    private var lastLook: UInt64 = 0

    /// Makes a watch; both times in ns.
    ///
    /// - Parameters:
    ///   - limit: a client may take this long.
    ///   - interval: between two looks.
    public init(limit: UInt64, interval: UInt64) {
        self.limit = limit
        self.interval = interval
    }

    /// Whether the thread has been in this turn for too long, at `now` in ns.
    public mutating func isStuck(in turn: UInt64, at now: UInt64) -> Bool {
        defer { lastLook = now }
        guard turn % 2 == 1, turn == self.turn else {
            self.turn = turn
            stuckFor = 0
            return false
        }
        stuckFor += min(now - lastLook, 2 * interval)
        return stuckFor >= limit
    }
}
