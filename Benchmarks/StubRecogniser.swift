import Assembly
import Foundation
import Logging
import MynahConfiguration
import PocketSphinxEngine
import SpeechModel
import Workers

/// In place of a recogniser, where only what stands around it is measured: it hears the same audio through the same processes and
/// answers at once with one word per second. Results that it made are labelled as such.
final class StubDecoder: UtteranceDecoder {
    private var samples = 0

    static func runWorker() -> Never {
        WorkerProcess.run(warmUp: [Int16](repeating: 0, count: 1600)) { StubDecoder() }
    }

    func start(adaptation: String?, suppressesNoise: Bool, keyPhrases: KeyPhrases?) { samples = 0 }
    func accept(_ samples: UnsafeBufferPointer<Int16>) { self.samples += samples.count }
    func partial() -> Hypothesis {
        Hypothesis(
            words: (0..<samples / SampleTime.rate + 1).map {
                Word("stub", startMS: $0 * 1000, endMS: $0 * 1000 + 500, confidence: 0.5)
            })
    }
    func finish() -> (hypothesis: Hypothesis, adaptation: String?) { (partial(), "stub") }
    func cancel() {}
}

/// The real server with that recogniser.
enum StubServer {
    static func run(listen: String) async throws {
        let configuration = try Configuration.load(
            environment: ProcessInfo.processInfo.environment,
            flags: [
                MynahConfiguration.Flag("--listen", key: "server.listen", value: listen),
                MynahConfiguration.Flag("--set", key: "stt.decoders", value: "100"),
            ])
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        try await Server(
            configuration: configuration, logger: logger, workerCommand: [executablePath(), "worker"]
        ).run()
    }
}
