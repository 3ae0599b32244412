/// One error type for the whole house: what is wrong, what to do about it, and whether trying again can help.
///
/// The ``code`` is stable and appears on the wire, in logs and in metrics; the catalogue of codes is ``ErrorCode``.
public struct SpeechError: Error, Sendable, CustomStringConvertible {
    /// The stable, machine-readable name of the fault.
    public let code: ErrorCode
    /// What is wrong and where, in one sentence. Never holds speech, secrets or tenant data.
    public let message: String
    /// What the reader should do next, in one sentence.
    public let advice: String
    /// The error that caused this one, when another layer threw it.
    public let underlying: (any Error)?
    /// Where in the source the error was made.
    public let location: String

    /// Makes an error; `file` and `line` are filled in by the compiler.
    public init(
        _ code: ErrorCode, _ message: String, advice: String, underlying: (any Error)? = nil,
        file: StaticString = #fileID, line: UInt = #line
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.underlying = underlying
        self.location = "\(file):\(line)"
    }

    /// Whether the same request may succeed if it is simply made again later.
    public var isRetryable: Bool { code.isRetryable }

    /// The message followed by the advice.
    public var description: String { "\(message) \(advice)" }
}
