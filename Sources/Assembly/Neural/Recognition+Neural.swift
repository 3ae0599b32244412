import Foundation
import Logging
import ModelLibrary
import MynahConfiguration
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
    /// Of files nobody waits for any; more would only keep more audio in memory.
    private static let fileSlots = 32
    /// One look of a large model at a long utterance takes seconds, and says nothing meanwhile.
    private static let wholeUtteranceMS = 30_000
    /// Large models are read from the disk for the first time.
    private static let loadTimeoutMS = 180_000

    /// A pool with one process for a neural model.
    static func makeNeural(
        _ model: RecognitionModel.NeuralModel, mode: PocketSphinxDecoder.Mode, settings: Settings, metrics: RecognitionMetrics,
        logger: Logger?
    ) -> WorkerPool {
        if settings.stt.device == .cuda {
            logger?.warning(
                "stt.device is cuda, and the sherpa-onnx that setup installs knows no graphics card: it computes on the processor",
                metadata: ["model": "\(model.name)"])
        }
        let hangTimeoutMS = settings.stt.hangTimeoutMS
        let wanted = settings.language.default
        let languages = model.description.languages
        return WorkerPool(
            identity: RecognizerIdentity(
                engine: engineName, model: model.name, language: languages.contains(wanted) ? wanted : languages.first ?? wanted),
            configuration: WorkerPool.Configuration(
                command: neuralCommand(mode, model.description, folder: model.folder, settings: settings),
                decoders: settings.stt.decoders > 0 ? settings.stt.decoders : mode == .file ? fileSlots : slots,
                waitForDecoderMS: mode == .file ? nil : settings.stt.waitForDecoderMS,
                maximumWaiting: mode == .file ? nil : settings.resilience.bulkhead.maxQueueSize,
                hangTimeoutMS: model.description.family.isStreaming ? hangTimeoutMS : max(hangTimeoutMS, wholeUtteranceMS),
                loadTimeoutMS: loadTimeoutMS, sharesProcess: true,
                measuresDecoders: mode == .live && settings.stt.decoders == 0),
            clock: SystemClock(), report: logging(to: logger), stepped: metrics.count)
    }

    /// Loads a model in a process of its own and lets it hear something.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` with the last words of the process.
    static func tryModel(_ model: ModelDescription, in folder: String, settings: Settings) async throws -> Trial {
        let pool = WorkerPool(
            identity: RecognizerIdentity(engine: engineName, model: folder, language: ""),
            configuration: WorkerPool.Configuration(
                command: neuralCommand(.live, model, folder: folder, settings: settings), decoders: slots,
                loadTimeoutMS: loadTimeoutMS,
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
    private static func neuralCommand(
        _ mode: PocketSphinxDecoder.Mode, _ model: ModelDescription, folder: String, settings: Settings
    ) -> [String] {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        // Steps of streams are short and many, and two side by side are quicker than one on two threads. A look at a whole utterance
        // takes long, and somebody may wait for it alone.
        let threads = settings.stt.threads > 0 ? settings.stt.threads : model.family.isStreaming ? 1 : cores
        return [
            executablePath(), "worker", neuralWorker, mode.rawValue, "\(max(1, cores / threads))", "\(threads)",
            settings.stt.device.rawValue, settings.language.default, "\(settings.stt.beamSize ?? 1)",
            settings.stt.computeDtype.rawValue,
            folder,
        ]
    }

    /// `live|file LANES THREADS DEVICE LANGUAGE BEAM PRECISION FOLDER`.
    static func runNeuralWorker(arguments: [String]) -> Never {
        let folder = arguments.last ?? ""
        let isLive = arguments.first == PocketSphinxDecoder.Mode.live.rawValue
        func number(_ index: Int) -> Int { arguments.dropFirst(index).first.flatMap { Int($0) } ?? 1 }
        let options = RecognitionOptions(
            threads: number(2), provider: arguments.dropFirst(3).first ?? "cpu", language: arguments.dropFirst(4).first ?? "en",
            beamSize: number(5),
            // Nobody looks at a file's.
            givesPartials: isLive)
        BatchWorkerProcess.run(lanes: number(1), warmUp: isLive ? quietNoise() : nil) {
            let description = try ModelFolder(folder).inspect(
                arguments.dropFirst(6).first.flatMap(NetworkPrecision.init(rawValue:)) ?? .int8)
            if description.family.task == .keywordSpotting {
                return try KeywordModel(description, in: folder, options: options)
            }
            return description.family.isStreaming
                ? try StreamingModel(description, in: folder, options: options)
                : try WholeUtteranceModel(description, in: folder, options: options)
        }
    }
}
