import Logging
import Synchronization

/// Keeps what is logged; copies share it.
struct LogRecorder: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[[String: String]]>([])
    }

    private let kept = Lines()
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.error

    /// The metadata of each line that was logged.
    var lines: [[String: String]] { kept.all.withLock { $0 } }

    func log(event: LogEvent) {
        let line = (event.metadata ?? [:]).mapValues(\.description)
        kept.all.withLock { $0.append(line) }
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}
