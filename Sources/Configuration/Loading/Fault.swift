/// One thing that is wrong with a configuration.
public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it was written.
    public let origin: Origin
    /// The key, when the fault is about one.
    public let key: String?
    /// What is wrong, with the value and what is allowed, and what to do.
    public let message: String

    public var description: String { "\(origin): \(message)" }
}

/// All faults of a configuration: the `underlying` error of the `SpeechError` that loading throws.
public struct ConfigurationFaults: Error, Hashable, Sendable {
    /// At least one, in the order of the sources.
    public let faults: [Fault]
}
