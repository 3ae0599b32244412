/// Who leads: the record that an ``Arbiter`` keeps.
public struct Lease: Hashable, Sendable {
    /// 1, 2, 3 …: the number of the reign. Never given twice.
    public var term: Int
    /// Who took the term.
    public var holder: NodeID
    /// The standby that has everything that was published, so may take the next term; nil when there is none.
    public var successor: NodeID?
    /// Nanoseconds until it ends, when the arbiter answered; 0 when it has ended or was released.
    public var remaining: UInt64

    /// Describes a lease.
    public init(term: Int, holder: NodeID, successor: NodeID? = nil, remaining: UInt64 = 0) {
        self.term = term
        self.holder = holder
        self.successor = successor
        self.remaining = remaining
    }

    /// Whether it is the same but for the time that is left.
    public func isSame(as other: Lease?) -> Bool {
        other.map { $0.term == term && $0.holder == holder && $0.successor == successor } ?? false
    }
}
