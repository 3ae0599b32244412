/// A node's copy of the replicated state: a standby's of its primary's, a primary's own.
struct Mirror<State: ReplicatedState>: Sendable {
    /// What became of a record.
    enum Outcome {
        case applied, known, gap
    }

    /// Complete up to record ``sequence`` of ``term``.
    private(set) var state = State()
    /// 0 before anything was copied.
    private(set) var term = 0
    /// Which of the primary's streams it continues; 0 for none.
    private(set) var stream = 0
    private(set) var sequence = 0
    /// A snapshot of which parts are missing. What was copied before stays until it is whole.
    private var incoming: Incoming?

    private struct Incoming: Sendable {
        var part: SnapshotPart
        var state: State
    }

    /// The term goes to this node, which adds to the state from now on.
    mutating func lead(term: Int) {
        self.term = term
        (stream, sequence, incoming) = (0, 0, nil)
    }

    /// A primary's own record.
    mutating func append(_ record: [UInt8]) {
        state.apply(record)
        sequence += 1
    }

    /// A part of a snapshot; true when it was the last one and everything is copied.
    mutating func apply(_ part: SnapshotPart) -> Bool {
        var next: Incoming
        if part.index == 0 {
            next = Incoming(part: part, state: State())
        } else if let former = incoming, former.part.term == part.term, former.part.stream == part.stream,
            former.part.sequence == part.sequence, former.part.index + 1 == part.index
        {
            next = Incoming(part: part, state: former.state)
        } else {
            incoming = nil
            return false
        }
        incoming = nil
        for record in part.records { next.state.apply(record) }
        next.part.records = []
        guard part.isLast else {
            incoming = next
            return false
        }
        (state, term, stream, sequence) = (next.state, part.term, part.stream, part.sequence)
        return true
    }

    /// A primary's next record.
    mutating func apply(_ record: [UInt8], term: Int, stream: Int, sequence: Int) -> Outcome {
        guard term == self.term, stream == self.stream, sequence <= self.sequence + 1 else { return .gap }
        guard sequence == self.sequence + 1 else { return .known }
        append(record)
        return .applied
    }
}
