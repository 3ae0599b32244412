public import Ports

/// A recogniser that can stand in for another one.
public struct Fallback: Sendable {
    /// What it is called in `/status`, metrics and logs.
    public let name: String
    /// Makes it, when it is first needed, and again after a failure, but not within a reset time-out.
    let make: @Sendable () throws -> any Recognizer
    /// The languages that it understands, ISO 639-1; nil where that is not known. Others are not given to it: what it made of them would
    /// look like a transcript.
    let languages: Set<String>?

    /// Describes one.
    public init(_ name: String, languages: Set<String>? = nil, make: @escaping @Sendable () throws -> any Recognizer) {
        self.name = name
        self.languages = languages
        self.make = make
    }
}
