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
            SIGTERM and Ctrl-C finish what was said, then stop.

            Examples:
              mynah serve
              mynah serve --listen 127.0.0.1:9000 --set endpointing.silence_ms=700
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        try await Server(configuration: configuration, logger: makeLogger(configuration.settings)).run()
    }
}

/// The program's log, as configured.
func makeLogger(_ settings: Settings, level: Logger.Level? = nil) -> Logger {
    let configured = Logger.Level(rawValue: "\(settings.log.level)") ?? .info
    let format: LogSetup.Format =
        switch settings.log.format {
        case .json: .json
        case .text: .text
        case .auto: .auto
        }
    LogSetup(level: level ?? configured, format: format, showsTranscripts: settings.log.transcripts)
        .bootstrap(environment: ProcessInfo.processInfo.environment)
    return Logger(label: "mynah")
}
