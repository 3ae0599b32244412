import Glibc
public import Logging

/// Chooses how the program logs, once, before anything else starts.
public struct LogSetup: Sendable {
    /// What the operator asked for.
    public enum Format: String, Sendable, CaseIterable {
        /// One JSON object per line.
        case json
        /// Lines for people.
        case text
        /// Text on a terminal, JSON everywhere else.
        case auto
    }

    /// The least severe level that is written.
    public var threshold: LogThreshold
    /// How lines look.
    public var format: Format
    /// Whether recognised text may appear in logs.
    public var showsTranscripts: Bool

    /// Makes a setup.
    public init(threshold: LogThreshold, format: Format, showsTranscripts: Bool) {
        self.threshold = threshold
        self.format = format
        self.showsTranscripts = showsTranscripts
    }

    /// Installs the handler for every logger of the process, on standard error. May be called once per process.
    public func bootstrap(environment: [String: String], provider: Logger.MetadataProvider? = nil) {
        let style = style(isTerminal: isatty(STDERR_FILENO) == 1, environment: environment)
        LoggingSystem.bootstrap(
            { [self] label, provider in
                LineLogHandler(
                    component: label, threshold: threshold, style: style, showsTranscripts: showsTranscripts, provider: provider)
            }, metadataProvider: provider)
    }

    /// The style for a terminal or for something else; there is no colour where `NO_COLOR` is set or `TERM` is `dumb`.
    public func style(isTerminal: Bool, environment: [String: String]) -> LineLogHandler.Style {
        switch format {
        case .json: return .json
        case .auto where !isTerminal: return .json
        case .text, .auto:
            let wanted = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
            return .text(colour: isTerminal && wanted)
        }
    }
}
