import ArgumentParser
import Dispatch
import Failover
import Foundation
import Lanes
import Logging
import SpeechModel
import Synchronization
import Telemetry
import ZMQEdge

/// `mynah witness`: who decides which of two nodes leads.
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness", abstract: "Run the witness of a primary and its standby, on a third machine.",
        discussion: """
            Gives the lease of the pair to one node at a time, and remembers it over a restart. Without it a pair goes on as it is, as long as
            both nodes hear each other. SIGTERM and Ctrl-C stop it.

            Examples:
              mynah witness --listen tcp://10.0.0.3:6560 --key-file pair.key --state /var/lib/mynah/witness
            """)

    @Option(help: ArgumentHelp("The address at which the nodes reach it.", valueName: "tcp://host:port")) var listen: String
    @Option(help: ArgumentHelp("The file with the secret CURVE key that both nodes have, too.", valueName: "file")) var keyFile:
        String
    @Option(help: ArgumentHelp("The file in which the lease survives a restart; made when it is not there.", valueName: "file"))
    var state: String

    func run() async throws {
        LogSetup(threshold: LogThreshold(.info), format: .auto, showsTranscripts: false)
            .bootstrap(environment: ProcessInfo.processInfo.environment)
        let logger = Logger(label: "witness")
        let server = try WitnessServer(
            listen: listen, key: try CurveSecretKey(file: keyFile), state: WitnessState(path: state), now: bootNanoseconds)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { server.stop() }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        logger.info("the witness listens", metadata: ["address": "\(server.endpoint)", "state": "\(state)"])
        let teller = Teller(logger: logger)
        let result: Result<Void, SpeechError> = await withCheckedContinuation { continuation in
            spawnThread(name: "witness") {
                continuation.resume(
                    returning: Result { () throws(SpeechError) in try server.run { teller.tell($0) } })
            }
        }
        try result.get()
        logger.info("the witness has stopped")
    }

    /// Nodes ask many times in a second, and each answer may be the same fault.
    private final class Teller: Sendable {
        private let logger: Logger
        private let limiter = Mutex(LineLimiter(seconds: 10))

        init(logger: Logger) { self.logger = logger }

        func tell(_ event: WitnessServer.Event) {
            switch event {
            case .lease(let lease):
                logger.info(
                    "the lease changed",
                    metadata: [
                        "term": "\(lease.term)", "holder": "\(lease.holder)",
                        "successor": "\(lease.successor.map { "\($0)" } ?? "none")",
                    ])
            case .refused: log(.warning, "a client without the pair's key was refused", kind: "refused")
            case .fault(let error):
                log(.error, "a request was not carried out", ["reason": "\(error)"], kind: error.code.rawValue)
            }
        }

        private func log(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata = [:], kind: String) {
            guard let left = limiter.withLock({ $0.admit(kind, at: monotonicNanoseconds()) }) else { return }
            logger.log(level: level, message, metadata: left > 0 ? metadata.merging(["left_out": "\(left)"]) { $1 } : metadata)
        }
    }
}
