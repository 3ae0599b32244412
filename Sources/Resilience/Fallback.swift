public import Ports

/// A recogniser that can stand in for another one.
public struct Fallback: Sendable {
    /// What it is called in `/status`, metrics and logs.
    public let name: String
    /// Makes it, when it is first needed, and again after a failure, but not within a reset time-out.
    let make: @Sendable () throws -> any Recognizer

    /// Describes one.
    public init(_ name: String, make: @escaping @Sendable () throws -> any Recognizer) {
        self.name = name
        self.make = make
    }
}
