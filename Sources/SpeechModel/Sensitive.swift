/// Wraps speech, transcripts, secrets and tenant data so that they cannot slip into a log: every description is redacted.
public struct Sensitive<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself; reading it is a decision.
    public let exposed: Value
    /// Wraps a value.
    public init(_ value: Value) { exposed = value }
    public var description: String { "‹redacted›" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
