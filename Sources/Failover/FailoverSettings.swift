public import SpeechModel

/// How a node of a pair behaves. Both nodes and everything between them must have the same times.
public struct FailoverSettings: Sendable {
    /// Which of the two nodes this is.
    public var name: NodeName
    /// The program's version and its model's identity: told to the other node, and told about when they differ. ≤200 bytes each.
    public var version: String
    public var model: String
    /// Milliseconds between two heartbeats.
    public var heartbeatMS: Int
    /// Milliseconds that a lease, or a standby's promise, lasts. It bounds the time without a primary.
    public var leaseMS: Int
    /// Milliseconds within which a standby acknowledges; a slower one is recorded as out of sync.
    public var acknowledgeMS: Int
    /// Milliseconds that the last primary waits after its restart for a standby that has everything.
    public var graceMS: Int
    /// Records, and bytes, that may wait for a standby's acknowledgement; past them it is out of sync.
    public var maxOutstandingRecords: Int
    public var maxOutstandingBytes: Int

    /// Describes a node.
    public init(
        name: NodeName, version: String, model: String, heartbeatMS: Int = 100, leaseMS: Int = 600, acknowledgeMS: Int = 300,
        graceMS: Int = 2000, maxOutstandingRecords: Int = 10_000, maxOutstandingBytes: Int = 16 << 20
    ) {
        self.name = name
        self.version = version
        self.model = model
        self.heartbeatMS = heartbeatMS
        self.leaseMS = leaseMS
        self.acknowledgeMS = acknowledgeMS
        self.graceMS = graceMS
        self.maxOutstandingRecords = maxOutstandingRecords
        self.maxOutstandingBytes = maxOutstandingBytes
    }

    /// Refuses times that cannot work together.
    ///
    /// - Throws: ``SpeechError`` with `invalid-configuration`.
    public func validate() throws(SpeechError) {
        guard heartbeatMS >= 10, leaseMS >= 3 * heartbeatMS, leaseMS <= 10_000, acknowledgeMS >= heartbeatMS, graceMS >= leaseMS
        else {
            throw SpeechError(
                .invalidConfiguration,
                "The times of the failover do not fit together: heartbeat \(heartbeatMS) ms, lease \(leaseMS) ms, "
                    + "acknowledgement \(acknowledgeMS) ms, grace \(graceMS) ms.",
                advice:
                    "Let the heartbeat be 10 ms or more, the lease at least three heartbeats and at most 10 s, the acknowledgement "
                    + "at least a heartbeat, and the grace at least a lease.")
        }
        guard maxOutstandingRecords > 0, maxOutstandingBytes > 0 else {
            throw SpeechError(
                .invalidConfiguration, "No record may wait for the standby.", advice: "Let at least one record and one byte wait."
            )
        }
    }

    var heartbeat: UInt64 { Self.nanoseconds(heartbeatMS) }
    var lease: UInt64 { Self.nanoseconds(leaseMS) }
    /// What the holder counts of a lease: clocks of two machines may differ in speed, by far less than this 2 %.
    var countedLease: UInt64 { lease - lease / 50 }
    var renewal: UInt64 { lease / 4 }
    var acknowledgement: UInt64 { Self.nanoseconds(acknowledgeMS) }
    var grace: UInt64 { Self.nanoseconds(graceMS) }
    /// A primary of which nothing was heard for this long is looked for at the arbiter.
    var silence: UInt64 { heartbeat * 5 / 2 }
    /// Between two questions to an arbiter that did not answer the last.
    var retry: UInt64 { heartbeat / 2 }
    /// How long a standby's first copy may take, and how long one that fell behind waits for the next.
    var joining: UInt64 { Self.nanoseconds(2000) }
    var rejoin: UInt64 { Self.nanoseconds(1000) }
    /// How long nobody may lead, or be heard of, until that is told. Two nodes that are started together need less.
    var patience: UInt64 { grace + Self.nanoseconds(3000) }
    /// How long a hand-over may take before it is given up.
    var handOver: UInt64 { Self.nanoseconds(2000) }

    private static func nanoseconds(_ milliseconds: Int) -> UInt64 { UInt64(max(0, milliseconds)) * 1_000_000 }
}
