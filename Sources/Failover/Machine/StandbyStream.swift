/// A primary's view of its standby: what it was sent, what it has, and whether it may succeed.
///
/// A standby may succeed only if it has every record whose effects were shown. So from before the arbiter is asked to name it until after
/// the arbiter was told that it is out of sync, records are held back until the standby has them (``holdsBack``).
struct StandbyStream: Sendable {
    enum Phase: Hashable, Sendable {
        /// Nobody is served; the arbiter names no successor.
        case absent
        /// A snapshot is on its way. Records follow it, and nobody waits for the standby.
        case joining
        /// It has the snapshot. New records are held back; once it has those up to `until`, it has everything that was shown.
        case closing(until: Int)
        /// The arbiter is asked to name it.
        case admitting
        case inSync
        /// The arbiter is asked to forget it.
        case dropping
    }

    private(set) var phase = Phase.absent
    /// The run of the standby that is, or was last, served.
    private(set) var standby: NodeID?
    /// Rises with every snapshot, so that what is said of a former one is told apart.
    private(set) var number = 0
    /// It has every record up to this one.
    private(set) var acknowledged = 0
    private var outstanding: [Outstanding] = []
    private var outstandingBytes = 0
    private var joinsNotBefore: UInt64 = 0

    private struct Outstanding: Sendable {
        var sequence: Int
        var sentAt: UInt64
        var bytes: Int
    }

    var isServed: Bool { phase != .absent && phase != .dropping }
    /// Whether records wait for it.
    var holdsBack: Bool { phase != .absent && phase != .joining }
    /// Whom the arbiter shall name.
    var successor: NodeID? { phase == .admitting || phase == .inSync ? standby : nil }
    var outstandingRecords: Int { outstanding.count }

    /// Begins to serve a standby, or serves it anew; the snapshot of everything up to `sequence` is to be sent.
    ///
    /// - Returns: false when it is too early, or the arbiter still names a former run.
    mutating func begin(_ node: NodeID, sequence: Int, at now: UInt64) -> Bool {
        guard phase != .dropping, !isServed || standby == node, isServed || now >= joinsNotBefore else { return false }
        // One that may succeed stays so: what it has is not worth less, and its time for what it lacks runs on.
        let isNew = successor == nil
        let since = isNew ? now : outstanding.first?.sentAt ?? now
        if isNew {
            phase = .joining
            acknowledged = 0
        }
        standby = node
        number += 1
        outstanding = [Outstanding(sequence: sequence, sentAt: since, bytes: 0)]
        outstandingBytes = 0
        return true
    }

    /// Record `sequence` was sent.
    mutating func sent(_ sequence: Int, bytes: Int, at now: UInt64) {
        outstanding.append(Outstanding(sequence: sequence, sentAt: now, bytes: bytes))
        outstandingBytes += bytes
    }

    /// The standby has everything of `stream` up to `sequence`; `last` is the newest record.
    mutating func acknowledge(stream: Int, sequence: Int, last: Int) {
        guard isServed, stream == number, sequence <= last else { return }
        acknowledged = max(acknowledged, sequence)
        let done = outstanding.firstIndex { $0.sequence > sequence } ?? outstanding.count
        for entry in outstanding[..<done] { outstandingBytes -= entry.bytes }
        outstanding.removeSubrange(..<done)
        if phase == .joining { phase = .closing(until: last) }
        if case .closing(let until) = phase, acknowledged >= until { phase = .admitting }
    }

    /// The arbiter names `successor`.
    ///
    /// - Returns: whether this changed how it stands.
    mutating func recorded(_ successor: NodeID?) -> Bool {
        switch phase {
        case .admitting where successor == standby: phase = .inSync
        case .dropping where successor == nil: phase = .absent
        default: return false
        }
        return true
    }

    /// Serves it no more. It may join again when the arbiter has forgotten it, and a while has passed.
    mutating func lose(joinsAgainAt time: UInt64) {
        phase = successor == nil ? .absent : .dropping
        outstanding = []
        outstandingBytes = 0
        joinsNotBefore = time
    }

    /// When what it was sent first is overdue; nil when it has everything.
    func deadline(_ settings: FailoverSettings) -> UInt64? {
        guard isServed, let first = outstanding.first else { return nil }
        return first.sentAt + (phase == .joining ? settings.joining : settings.acknowledgement)
    }

    /// Why it does not keep up; nil when it does.
    func fault(at now: UInt64, heardAt: UInt64?, _ settings: FailoverSettings) -> String? {
        guard isServed else { return nil }
        if let deadline = deadline(settings), now >= deadline { return "it did not acknowledge in time" }
        if now >= (heardAt ?? 0) + settings.acknowledgement + settings.heartbeat { return "it is silent" }
        if outstanding.count > settings.maxOutstandingRecords || outstandingBytes > settings.maxOutstandingBytes {
            return "too much waits for it"
        }
        return nil
    }
}
