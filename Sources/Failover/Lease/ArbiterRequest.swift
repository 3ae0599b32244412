public import SpeechModel

/// What a node asks its ``Arbiter``, as a value.
public enum ArbiterRequest: Hashable, Sendable {
    case current
    case take(term: Int, after: Lease?, by: NodeID, nanoseconds: UInt64)
    case renew(term: Int, by: NodeID, successor: NodeID?, nanoseconds: UInt64)

    /// Asks and waits.
    public func answer(of arbiter: any Arbiter) throws(SpeechError) -> LeaseAnswer {
        switch self {
        case .current: LeaseAnswer(isGranted: true, lease: try arbiter.current())
        case .take(let term, let seen, let node, let nanoseconds):
            try arbiter.take(term: term, after: seen, by: node, for: nanoseconds)
        case .renew(let term, let node, let successor, let nanoseconds):
            try arbiter.renew(term: term, by: node, successor: successor, for: nanoseconds)
        }
    }
}
