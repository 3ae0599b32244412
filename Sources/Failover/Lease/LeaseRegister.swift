/// The rules of an ``Arbiter`` for one that has its record in memory: the witness, and tests.
public struct LeaseRegister: Sendable {
    /// The longest lease that is granted: 10 s.
    public static let maxNanoseconds: UInt64 = 10_000_000_000

    /// The record; ``Lease/remaining`` is what was granted last, so after a restart it lasts that long again.
    public private(set) var record: Lease?
    private var endsAt: UInt64

    /// Begins empty, or with what was kept over a restart: then nobody can take a term before a lease time is over, because the holder
    /// may have been granted it just before.
    public init(_ record: Lease? = nil, at now: UInt64 = 0) {
        self.record = record
        endsAt = now &+ min(record?.remaining ?? 0, Self.maxNanoseconds)
    }

    /// Does what is asked. `now` never falls.
    public mutating func answer(_ request: ArbiterRequest, at now: UInt64) -> LeaseAnswer {
        switch request {
        case .current: LeaseAnswer(isGranted: true, lease: lease(at: now))
        case .take(let term, let seen, let node, let nanoseconds):
            answer(canTake(term, after: seen, at: now), Lease(term: term, holder: node, remaining: nanoseconds), at: now)
        case .renew(let term, let node, let successor, let nanoseconds):
            answer(
                record?.term == term && record?.holder == node,
                Lease(term: term, holder: node, successor: successor, remaining: nanoseconds), at: now)
        }
    }

    private func lease(at now: UInt64) -> Lease? {
        guard var lease = record else { return nil }
        lease.remaining = endsAt > now ? endsAt - now : 0
        return lease
    }

    private func canTake(_ term: Int, after seen: Lease?, at now: UInt64) -> Bool {
        guard let record else { return seen == nil && term > 0 }
        return record.isSame(as: seen) && term > record.term && endsAt <= now
    }

    private mutating func answer(_ isGranted: Bool, _ new: Lease, at now: UInt64) -> LeaseAnswer {
        if isGranted {
            var new = new
            new.remaining = min(new.remaining, Self.maxNanoseconds)
            record = new
            endsAt = now &+ new.remaining
        }
        return LeaseAnswer(isGranted: isGranted, lease: lease(at: now))
    }
}
