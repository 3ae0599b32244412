import Logging

/// One event with everything that a line shows of it: bounded, redacted, in order.
struct LogRecord: Sendable {
    /// A value that has been redacted and bounded already.
    enum Value: Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
        case boolean(Bool)
        case list([Value])
        case object([(key: String, value: Value)])
    }

    var time: LogTime
    var level: Logger.Level
    var component: String
    var message: String
    /// Sorted by key.
    var fields: [(key: String, value: Value)]
}
