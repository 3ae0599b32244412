/// What a ``ZeroMQLink`` did so far.
public struct LinkCounters: Hashable, Sendable {
    public var sent = 0
    public var received = 0
    /// Frames that found no connection, or no room.
    public var dropped = 0
    /// Clients that came without the pair's key.
    public var refused = 0
}
