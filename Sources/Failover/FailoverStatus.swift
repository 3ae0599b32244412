/// How a node stands at a moment.
public struct FailoverStatus: Hashable, Sendable {
    /// What the node does at the moment, whatever it is configured as.
    public enum Role: String, Sendable {
        case primary, standby
    }

    /// Who leads, as far as the node knows.
    public enum Leader: String, Sendable {
        case this
        /// The other node was heard to lead within the last lease time, or has the lease.
        case other
        /// Nobody is known to, as for a moment at the start and in a take-over.
        case unknown
        /// Nobody has for so long that an operator has to act.
        case nobody
    }

    public var role: Role
    /// The highest term that the node knows of; its own while it leads.
    public var term: Int
    /// Of a primary: its standby has everything. Of a standby: the primary said so with its last heartbeat.
    public var isInSync: Bool
    /// The other node's program version; nil before it was heard of.
    public var peerVersion: String?
    /// Milliseconds since the other node's last heartbeat; nil before the first.
    public var heartbeatAgeMS: Int?
    /// Milliseconds for which the node may publish without hearing from anybody; 0 for a standby.
    public var leaseRemainingMS: Int
    /// Records that the standby has not acknowledged yet.
    public var outstandingRecords: Int
    /// Whether the arbiter answered when it was last asked.
    public var isArbiterAnswering: Bool
    public var leader: Leader
}
