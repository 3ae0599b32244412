public import SpeechModel

/// What went wrong, for clients of `/stream`. Every value is a text.
public struct ErrorMessage: Sendable {
    public var code: ErrorCode
    /// What is wrong.
    public var message: String
    /// What to do about it.
    public var advice: String

    /// Tells an error of the catalogue.
    public init(_ error: SpeechError) {
        code = error.code
        message = error.message
        advice = error.advice
    }

    /// The message as JSON.
    public var encoded: EncodedMessage { EncodedMessage(.error, Self.fields, self) }

    static let fields: [MessageField<ErrorMessage>] = [
        .text("code", "The stable name of the fault.") { $0.code.rawValue },
        .text("message", "What is wrong.") { $0.message },
        .text("advice", "What to do about it.") { $0.advice },
    ]
}

/// That the server is there, for clients of `/stream`.
public struct HeartbeatMessage: Sendable {
    /// Since the server's start.
    public var uptimeSeconds: Double
    /// Seconds until the next one.
    public var intervalSeconds: Double

    /// Makes a message.
    public init(uptimeSeconds: Double, intervalSeconds: Double = 30) {
        self.uptimeSeconds = uptimeSeconds
        self.intervalSeconds = intervalSeconds
    }

    /// The message as JSON.
    public var encoded: EncodedMessage { EncodedMessage(.heartbeat, Self.fields, self) }

    static let fields: [MessageField<HeartbeatMessage>] = [
        .number("uptime_seconds", "Since the server's start.") { $0.uptimeSeconds },
        .number("interval_seconds", "Seconds until the next one.") { $0.intervalSeconds },
    ]
}
