public import SessionMirror

/// Sees to it that what a session is about to tell outlives this server.
public protocol Replication: Sendable {
    /// Hands a record to the standby, if there is one that keeps up. `whenSafe` is called once, from any thread, when what follows from
    /// the record may be told; never if another server took over meanwhile.
    func replicate(_ record: SessionRecord, whenSafe: @escaping @Sendable () -> Void)
}
