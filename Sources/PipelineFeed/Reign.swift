/// Who answers for the pipeline: of two servers that know each other, one at a time.
public protocol Reign: Sendable {
    /// The number of the present reign: 1, 2, 3 …
    var term: Int { get }
    /// Whether it is this server's, now. Cheap; asked before every message.
    var mayPublish: Bool { get }
}

/// The reign of a server that has no standby.
public struct SoleReign: Reign {
    public let term = 1
    public let mayPublish = true

    /// There is only one.
    public init() {}
}
