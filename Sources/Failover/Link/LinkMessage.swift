/// What the two nodes say to each other.
public enum LinkMessage: Hashable, Sendable {
    /// Both, each ``FailoverSettings/heartbeatMS``.
    case beat(Beat)
    /// Standby, for each beat of its primary: it takes no term for a lease time. `echo` is the beat's ``Beat/sentAt``; `stream` and
    /// `sequence` are what it has, as in an acknowledgement.
    case vouch(term: Int, echo: UInt64, stream: Int, sequence: Int)
    /// Standby: at the time of a beat that named this stream, it lacked something. 0 when the primary served nobody.
    case join(term: Int, stream: Int)
    /// Primary: a part of everything up to a record.
    case snapshot(SnapshotPart)
    /// Primary: the next record.
    case record(term: Int, stream: Int, sequence: Int, bytes: [UInt8])
    /// Standby: it has everything up to this record.
    case acknowledge(term: Int, stream: Int, sequence: Int)
    /// Primary: it has stopped and released its lease; the standby's promises are given back.
    case handedOver(term: Int)
    /// Standby: an operator wants it to lead.
    case handOverWanted
    /// Primary: it cannot, and why.
    case handOverRefused(String)
}

/// Who sends, and how it stands.
public struct Beat: Hashable, Sendable {
    public var node: NodeID
    /// The highest term that the sender knows; its own when it leads.
    public var term: Int
    public var isPrimary: Bool
    /// The sender's boot time in ns.
    public var sentAt: UInt64
    /// Of a primary: the stream that it sends to its standby, 0 when it serves none, and its last record's number.
    public var stream: Int
    public var sequence: Int
    /// Of a primary: the standby is recorded as in sync.
    public var isInSync: Bool
    /// Program version and model, ≤200 bytes each.
    public var version: String
    public var model: String

    /// Describes a node.
    public init(
        node: NodeID, term: Int, isPrimary: Bool, sentAt: UInt64, stream: Int = 0, sequence: Int = 0, isInSync: Bool = false,
        version: String, model: String
    ) {
        self.node = node
        self.term = term
        self.isPrimary = isPrimary
        self.sentAt = sentAt
        self.stream = stream
        self.sequence = sequence
        self.isInSync = isInSync
        self.version = version
        self.model = model
    }
}

/// A part of a snapshot.
public struct SnapshotPart: Hashable, Sendable {
    public var term: Int
    public var stream: Int
    /// The last record that the snapshot includes.
    public var sequence: Int
    /// 0, 1, 2 …
    public var index: Int
    public var isLast: Bool
    public var records: [[UInt8]]

    /// Describes a part.
    public init(term: Int, stream: Int, sequence: Int, index: Int, isLast: Bool, records: [[UInt8]]) {
        self.term = term
        self.stream = stream
        self.sequence = sequence
        self.index = index
        self.isLast = isLast
        self.records = records
    }

    /// Cuts a snapshot into parts of up to 256 KB (more when one record is longer).
    static func parts(of records: [[UInt8]], term: Int, stream: Int, sequence: Int) -> [SnapshotPart] {
        var groups: [[[UInt8]]] = [[]]
        var bytes = 0
        for record in records {
            if bytes + record.count > 256 << 10 || groups[groups.count - 1].count == LinkMessage.maxRecordsInPart {
                groups.append([])
                bytes = 0
            }
            groups[groups.count - 1].append(record)
            bytes += record.count
        }
        return groups.enumerated().map {
            SnapshotPart(
                term: term, stream: stream, sequence: sequence, index: $0.offset, isLast: $0.offset == groups.count - 1,
                records: $0.element)
        }
    }
}
