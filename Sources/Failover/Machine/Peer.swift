/// What a node knows of the other one.
struct Peer: Sendable {
    /// Its last heartbeat, and when it came.
    var beat: Beat
    var heardAt: UInt64
    var isLost = false
}
