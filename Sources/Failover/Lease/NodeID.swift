/// The two nodes of a pair, as they are configured. Who leads at the moment is the holder of the term, which may be either.
public enum NodeName: String, Sendable, CaseIterable, Codable {
    case primary, standby
}

/// One run of a node: its memory ends with it, so a promise or a copy of a former run is worth nothing.
public struct NodeID: Hashable, Sendable, CustomStringConvertible {
    /// The node as configured.
    public var name: NodeName
    /// Random, made at the start of the process.
    public var instance: UInt64

    /// Names a run.
    public init(name: NodeName, instance: UInt64) {
        self.name = name
        self.instance = instance
    }

    public var description: String { "\(name.rawValue)#\(String(instance, radix: 16))" }
}
