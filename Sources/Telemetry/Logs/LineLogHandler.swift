public import Logging

/// Writes each event as one line, with one call of `write`: as JSON for machines or as text for people.
public struct LineLogHandler: LogHandler {
    /// How a line looks.
    public enum Style: Sendable, Equatable {
        /// `{"timestamp":…,"level":"INFO","component":…,"message":…, fields…}`
        case json
        /// `03:41:22.123 INFO  component: message key=value`, in colour or not.
        case text(colour: Bool)
    }

    /// What this logger was told, else what the threshold says at the moment.
    public var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private var ownLevel: Logger.Level?
    private let threshold: LogThreshold
    private let component: String
    private let style: Style
    private let redaction: Redaction
    private let now: @Sendable () -> LogTime
    private let write: @Sendable (String) -> Void

    /// Makes a handler whose `component` is the logger's label.
    /// - Parameters:
    ///   - showsTranscripts: Whether fields that hold recognised text are shown; if not, they are redacted as secrets are.
    ///   - write: Takes one whole line with its newline; called on the logging thread.
    public init(
        component: String, threshold: LogThreshold, style: Style, showsTranscripts: Bool,
        provider: Logger.MetadataProvider? = nil,
        write: @escaping @Sendable (String) -> Void = writeToStandardError
    ) {
        self.init(
            component: component, threshold: threshold, style: style, redaction: Redaction(allowsTranscripts: showsTranscripts),
            provider: provider, now: LogTime.now, write: write)
    }

    init(
        component: String, threshold: LogThreshold, style: Style, redaction: Redaction, provider: Logger.MetadataProvider?,
        now: @escaping @Sendable () -> LogTime, write: @escaping @Sendable (String) -> Void
    ) {
        self.component = component
        self.threshold = threshold
        self.style = style
        self.redaction = redaction
        self.metadataProvider = provider
        self.now = now
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = .string(String(describing: error)) }
        let record = LogRecord(
            time: now(), level: event.level, component: component,
            message: bounded(event.message.description, to: Redaction.messageLimit), fields: redaction.fields(all))
        switch style {
        case .json: write(record.jsonLine)
        case .text(let colour): write(record.textLine(colour: colour))
        }
    }
}
