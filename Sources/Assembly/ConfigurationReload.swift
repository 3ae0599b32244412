import Application
import Logging
public import MynahConfiguration
import PipelineFeed
public import ServiceLifecycle
import SpeechModel
import Telemetry
import UnixSignals

/// Reads the configuration again at SIGHUP, takes over what a running server can, and says what waits for the next start. With a fault in
/// it, the old one stays.
public struct ConfigurationReload: Service {
    /// Where a newer configuration comes from.
    public struct Source: Sendable {
        let load: @Sendable () throws -> Configuration
        let apply: @Sendable (Settings) -> Void

        /// Makes a source.
        ///
        /// - Parameters:
        ///   - load: reads and checks everything anew.
        ///   - apply: hears the new settings, for what is not the server's.
        public init(load: @escaping @Sendable () throws -> Configuration, apply: @escaping @Sendable (Settings) -> Void) {
            self.load = load
            self.apply = apply
        }
    }

    private let source: Source
    private let signals: UnixSignalsSequence
    private let running: Configuration
    private let registry: SessionRegistry
    private let models: ModelFiles
    private let feed: any FeedPublisher
    private let reloads: MetricFamily<Counter>
    private let logger: Logger

    init(
        _ source: Source, signals: UnixSignalsSequence, running: Configuration, registry: SessionRegistry, models: ModelFiles,
        feed: any FeedPublisher, metrics: MetricsRegistry, logger: Logger
    ) {
        self.source = source
        self.signals = signals
        self.running = running
        self.registry = registry
        self.models = models
        self.feed = feed
        self.logger = logger
        reloads = metrics.counters(
            "mynah_configuration_reloads_total", help: "SIGHUPs by what became of them.", labels: ["result"])
        for result in ["applied", "refused"] { _ = reloads[result] }
    }

    public func run() async throws {
        var running = running
        for await _ in signals.cancelOnGracefulShutdown() { reload(&running) }
    }

    private func reload(_ running: inout Configuration) {
        do {
            let next = try source.load()
            let changes = running.changes(to: next)
            let taken = running.taking(changes, from: next)
            registry.adopt(try SessionRegistry.Policy(taken.settings, models: models))
            running = taken
            source.apply(running.settings)
            reloads["applied"].increment()
            let applied = changes.applied.joined(separator: ", ")
            let afterRestart = changes.afterRestart.joined(separator: ", ")
            logger.notice(
                "the configuration was read again",
                metadata: ["configuration": "\(running.hash)", "applied": "\(applied)", "after_restart": "\(afterRestart)"])
            feed.publish(
                FeedEvent(.configChanged, metadata: ["applied": .text(applied), "after_restart": .text(afterRestart)]), of: nil)
        } catch {
            reloads["refused"].increment()
            logger.error("the configuration has a fault; the old one stays", metadata: ["reason": "\(error)"])
            let metadata: [String: EventValue] = [
                "error_type": .text(ErrorCode.invalidConfiguration.rawValue),
                "message": "The configuration was not taken; the log has the reason.",
            ]
            feed.publish(FeedEvent(.errorOccurred, metadata: metadata, level: .error), of: nil)
        }
    }
}

extension SessionRegistry.Policy {
    /// What sessions begin with, as configured.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` for a wake word that cannot be heard.
    init(_ settings: Settings, models: ModelFiles) throws(SpeechError) {
        self.init(
            pipeline: Recognition.pipelineConfiguration(settings),
            wakeWord: try Recognition.wakeWord(settings, models: models), needsWaking: settings.wakeword.enabled,
            maximum: settings.session.maxSessions,
            resumeWindowSeconds: settings.session.resumeWindowSeconds, overloadLagMS: settings.resilience.overloadLagMS)
    }
}
