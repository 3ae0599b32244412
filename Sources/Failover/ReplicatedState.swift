/// What a standby must know to go on in the primary's place. Both nodes build it from the same records in the same order.
public protocol ReplicatedState: Sendable {
    /// Nothing happened yet.
    init()
    /// Takes one record in. Called on a thread that must not be held up; a record that makes no sense is skipped.
    mutating func apply(_ record: [UInt8])
    /// Records that make an equal state out of an empty one.
    var snapshot: [[UInt8]] { get }
}
