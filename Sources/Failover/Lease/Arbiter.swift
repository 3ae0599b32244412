public import SpeechModel

/// Keeps the one ``Lease`` of a pair of nodes and lets at most one of them have it at a time.
///
/// The calls block, at most a few hundred milliseconds, and come from one thread of each node, one at a time. What they promise:
/// - Each is carried out at once and whole, or not at all. One that threw may have been carried out; but never after a later call
///   of the same node was answered.
/// - A lease that was granted for `n` ns counts from when the arbiter carried it out. (Its holder counts from before it asked.)
/// - ``take(term:after:by:for:)`` succeeds only when the lease is the one that the caller saw, and has ended. Terms rise.
///
/// - A lease is not given back to a successor as long as there is no room for the term that it would take.
///
/// - Throws: ``SpeechError`` when the arbiter does not answer or its record is damaged; the words are for an operator. With
///   `unwritable-file` nothing was carried out.
public protocol Arbiter: Sendable {
    /// The lease as it is; nil when no term was ever taken.
    func current() throws(SpeechError) -> Lease?
    /// Takes a new term, without a successor.
    ///
    /// - Parameters:
    ///   - term: higher than that of `seen`.
    ///   - seen: the lease as the caller knows it; it is refused when term, holder or successor have changed, or it has not ended.
    ///   - nanoseconds: how long it lasts.
    func take(term: Int, after seen: Lease?, by node: NodeID, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer
    /// Lets the holder's lease last from now on for `nanoseconds` (0 releases it), and names who may succeed. Refused when the term was
    /// followed by another. One that has ended is renewed as long as nobody took the next.
    func renew(term: Int, by node: NodeID, successor: NodeID?, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer
}

/// What an ``Arbiter`` said.
public struct LeaseAnswer: Hashable, Sendable {
    /// Whether it did what was asked.
    public var isGranted: Bool
    /// The lease as it is now.
    public var lease: Lease?

    /// Describes an answer.
    public init(isGranted: Bool, lease: Lease?) {
        self.isGranted = isGranted
        self.lease = lease
    }
}
