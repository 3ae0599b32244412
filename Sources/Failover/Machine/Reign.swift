/// What a node keeps while it leads.
struct Reign: Sendable {
    /// A planned end that is under way.
    struct HandOver: Sendable {
        var deadline: UInt64
        /// The lease was released, or may have been: it cannot be called off any more.
        var isReleasing = false
    }

    let term: Int
    /// Until when the lease, and the standby's promise, last: each counted from before it was asked for.
    var leaseUntil: UInt64
    var vouchUntil: UInt64 = 0
    /// Whom the arbiter names as successor; nil when that is not known.
    var recorded: NodeID??
    var renewAt: UInt64
    /// The number of the last record, and of the last one whose effects may be shown.
    var sequence = 0
    var released = 0
    var standby = StandbyStream()
    var handOver: HandOver?

    init(term: Int, leaseUntil: UInt64, renewAt: UInt64) {
        self.term = term
        self.leaseUntil = leaseUntil
        self.renewAt = renewAt
        recorded = .some(nil)
    }

    /// The end of its right to publish.
    var validUntil: UInt64 { max(leaseUntil, vouchUntil) }

    /// Takes note of all records whose effects may be shown; true when there are new ones.
    mutating func release() -> Bool {
        guard handOver == nil else { return false }
        let safe = standby.holdsBack ? standby.acknowledged : sequence
        guard safe > released else { return false }
        released = safe
        return true
    }
}
