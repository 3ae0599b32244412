import ArgumentParser
import Assembly
import Foundation
import Logging
import MynahConfiguration
import Telemetry

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the server.",
        discussion: """
            Serves the captions page, the live stream (WS /v1/asr/stream), health and metrics, on 127.0.0.1:8080 unless configured.
            SIGTERM and Ctrl-C finish what was said, then stop. SIGHUP reads the configuration again; `mynah config reference` says which
            settings that changes.

            Examples:
              mynah serve
              mynah serve --listen 127.0.0.1:9000 --set endpointing.silence_ms=700
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let options = options
        let configuration = try options.load()
        let threshold = LogThreshold(configuration.settings.log.threshold)
        let reload = ConfigurationReload.Source(
            load: { try options.load() }, apply: { threshold.level = $0.log.threshold })
        try await Server(
            configuration: configuration, logger: makeLogger(configuration.settings, threshold: threshold), reload: reload
        ).run()
    }
}

extension Settings.Log {
    fileprivate var threshold: Logger.Level { Logger.Level(rawValue: "\(level)") ?? .info }
}

/// The program's log, as configured.
func makeLogger(_ settings: Settings, threshold: LogThreshold) -> Logger {
    let format: LogSetup.Format =
        switch settings.log.format {
        case .json: .json
        case .text: .text
        case .auto: .auto
        }
    LogSetup(threshold: threshold, format: format, showsTranscripts: settings.log.transcripts)
        .bootstrap(environment: ProcessInfo.processInfo.environment)
    return Logger(label: "mynah")
}
