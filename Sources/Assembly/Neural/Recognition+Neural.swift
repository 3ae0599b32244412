import Foundation
import Logging
public import ModelLibrary
public import MynahConfiguration
import PocketSphinxEngine
import Ports
import SherpaEngine
import SpeechModel
import Workers

extension Recognition {
    /// The first argument of such a worker.
    static let neuralWorker = "neural"

    /// So many utterances can be open at once; how many are decoded in real time the process measures when it starts.
    private static let slots = 256
    /// One look of a large model at a long utterance takes seconds, and says nothing meanwhile.
    private static let wholeUtteranceMS = 30_000
    /// Large models are read from the disk for the first time.
    private static let loadTimeoutMS = 180_000

    /// A pool with one process for a neural model.
    static func makeNeural(
        _ model: RecognitionModel.NeuralModel, mode: PocketSphinxDecoder.Mode, settings: Settings, logger: Logger?
    ) -> WorkerPool {
        let hangTimeoutMS = settings.stt.hangTimeoutMS
        return WorkerPool(
            identity: RecognizerIdentity(
                engine: engineName, model: model.name, language: model.description.languages.first ?? settings.language.default),
            configuration: WorkerPool.Configuration(
                command: neuralCommand(folder: model.folder, settings: settings),
                decoders: settings.stt.decoders > 0 ? settings.stt.decoders : slots,
                waitForDecoderMS: mode == .file ? nil : settings.stt.waitForDecoderMS,
                maximumWaiting: mode == .file ? nil : settings.resilience.bulkhead.maxQueueSize,
                hangTimeoutMS: model.description.family.isStreaming ? hangTimeoutMS : max(hangTimeoutMS, wholeUtteranceMS),
                loadTimeoutMS: loadTimeoutMS, sharesProcess: true, measuresDecoders: settings.stt.decoders == 0),
            clock: SystemClock(), report: logging(to: logger))
    }

    /// Loads a model in a process of its own and lets it hear something.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` with the last words of the process.
    public static func tryModel(in folder: String, settings: Settings) async throws -> Trial {
        let pool = WorkerPool(
            identity: RecognizerIdentity(engine: engineName, model: folder, language: ""),
            configuration: WorkerPool.Configuration(
                command: neuralCommand(folder: folder, settings: settings), decoders: slots, loadTimeoutMS: loadTimeoutMS,
                sharesProcess: true, measuresDecoders: true),
            clock: SystemClock())
        let started = ContinuousClock.now
        try await pool.start()
        let took = ContinuousClock.now - started
        let streams = pool.load.capacity
        await pool.stop()
        return Trial(loadMS: Int(took / .milliseconds(1)), timesRealTime: streams)
    }

    static let engineName = "sherpa-onnx 2.0.1"

    /// Last the model, which is named when the process ends over it.
    private static func neuralCommand(folder: String, settings: Settings) -> [String] {
        let threads = settings.stt.threads > 0 ? settings.stt.threads : ProcessInfo.processInfo.activeProcessorCount
        return [executablePath(), "worker", neuralWorker, "\(threads)", settings.stt.device.rawValue, folder]
    }

    /// `THREADS DEVICE FOLDER`.
    static func runNeuralWorker(arguments: [String]) -> Never {
        let folder = arguments.last ?? ""
        let options = RecognitionOptions(
            threads: arguments.first.flatMap { Int($0) } ?? 1, provider: arguments.dropFirst().first ?? "cpu")
        BatchWorkerProcess.run(warmUp: quietNoise()) {
            let description = try ModelFolder(folder).inspect()
            return description.family.isStreaming
                ? try StreamingModel(description, in: folder, options: options)
                : try WholeUtteranceModel(description, in: folder, options: options)
        }
    }
}
