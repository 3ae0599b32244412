import Foundation
public import Logging
import ModelLibrary
public import MynahConfiguration
public import PocketSphinxEngine
public import Ports
import RNNoiseEngine
import Resilience
import SherpaEngine
import SileroEngine
public import SpeechModel
public import SpeechPipeline
public import Telemetry
import Workers

/// Chooses and makes what recognises, from the configuration.
public enum Recognition {
    /// The name of the built-in recogniser.
    static let builtInEngine = "pocketsphinx 5.1.1"
    /// What a decoder costs at most, in bytes: as much as one with a model of its own. A fork shares part of it with the others.
    static let decoderBytes = 100 << 20

    /// Two cores decode the speech of up to twenty people in real time; more decoders could only wait for a core.
    private static let decodersPerCore = 10

    /// The fall-back is small: it has to help some, not to cost all the memory that is left.
    private static let fallbackDecodersPerCore = 4
    /// A narrower search for it: 7 of 532 words of our test speech become wrong. Much narrower halves the work, and doubles what is wrong.
    private static let fallbackBeamSize = 3
    /// Longer than it takes to be started on a busy machine: it is asked when the alternative is to lose the utterance.
    private static let fallbackWaitMS = 10_000
    /// Marks its worker processes.
    private static let fallbackMark = "fallback"

    /// `stt.decoders`, or min(10 × cores, a quarter of the memory); no more than may be at work at once.
    public static func decoderCount(_ settings: Settings) -> Int {
        let limit = settings.resilience.bulkhead.maxConcurrent
        let most = limit > 0 ? limit : .max
        if settings.stt.decoders > 0 { return min(most, settings.stt.decoders) }
        let info = ProcessInfo.processInfo
        let fitting = min(decodersPerCore * info.activeProcessorCount, Int(info.physicalMemory / 4) / decoderBytes)
        return max(1, min(most, fitting))
    }

    /// A recogniser for live sessions or for files, with the model that is configured.
    ///
    /// - Parameter metrics: where it counts.
    public static func makeRecognizer(
        mode: PocketSphinxDecoder.Mode, settings: Settings, models: ModelFiles, command: [String]? = nil,
        metrics: RecognitionMetrics = RecognitionMetrics(in: MetricsRegistry()), logger: Logger?
    ) throws(SpeechError) -> any Recognizer {
        try make(
            usable(settings, models: models, logger: logger), mode: mode, settings: settings, command: command, metrics: metrics,
            logger: logger)
    }

    /// A recogniser with a model that was chosen.
    static func make(
        _ model: RecognitionModel, mode: PocketSphinxDecoder.Mode, settings: Settings, command: [String]? = nil,
        metrics: RecognitionMetrics, logger: Logger?
    ) throws(SpeechError) -> any Recognizer {
        switch model {
        case .builtIn(let models):
            try makeBuiltIn(mode: mode, settings: settings, models: models, command: command, logger: logger)
        case .neural(let model): makeNeural(model, mode: mode, settings: settings, metrics: metrics, logger: logger)
        case .remote: makeRemote(mode: mode, settings: settings, usage: metrics.remote, logger: logger)
        }
    }

    /// The model that is configured. One that was added and is damaged by now, and that nobody named, stops no server: the built-in
    /// recogniser goes on.
    static func usable(
        _ settings: Settings, models: ModelFiles, logger: Logger?
    ) throws(SpeechError) -> RecognitionModel {
        do {
            return try whole(settings, models: models)
        } catch {
            guard settings.stt.engine == .auto, settings.stt.modelName == nil, settings.stt.modelPath == nil else { throw error }
            logger?.error(
                "the model that was added cannot be used; the built-in one recognises", metadata: ["reason": "\(error)"])
            return .builtIn(models)
        }
    }

    /// The model that is configured.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when it is damaged.
    static func whole(_ settings: Settings, models: ModelFiles) throws(SpeechError) -> RecognitionModel {
        let model = try RecognitionModel.choose(settings, models: models)
        if case .neural(let neural) = model { _ = try ModelFolder(neural.folder).inspect(settings.stt.precision) }
        return model
    }

    /// A pool of the built-in recogniser, for live sessions, for what stands in for those, or for files.
    static func makeBuiltIn(
        mode: PocketSphinxDecoder.Mode, isFallback: Bool = false, settings: Settings, models: ModelFiles,
        command: [String]? = nil, logger: Logger?
    ) throws(SpeechError) -> WorkerPool {
        try models.check()
        for wish in unmet(settings.stt) { logger?.warning("\(wish)") }
        let wanted = settings.stt.beamSize ?? PocketSphinxDecoder.defaultBeamSize
        let beamSize = isFallback ? min(fallbackBeamSize, wanted) : wanted
        let command =
            command
            // Last the model, which is named when a process ends over it.
            ?? [executablePath(), "worker", mode.rawValue, "\(beamSize)"] + (isFallback ? [fallbackMark] : [])
            + [models.pocketSphinx]
        let configuration =
            switch mode {
            case .live where !isFallback:
                WorkerPool.Configuration(
                    command: command, decoders: decoderCount(settings), waitForDecoderMS: settings.stt.waitForDecoderMS,
                    maximumWaiting: settings.resilience.bulkhead.maxQueueSize, hangTimeoutMS: settings.stt.hangTimeoutMS)
            case .live:
                WorkerPool.Configuration(
                    command: command,
                    decoders: min(
                        decoderCount(settings), fallbackDecodersPerCore * ProcessInfo.processInfo.activeProcessorCount),
                    waitForDecoderMS: max(fallbackWaitMS, settings.stt.waitForDecoderMS),
                    maximumWaiting: max(1, settings.resilience.bulkhead.maxQueueSize), hangTimeoutMS: settings.stt.hangTimeoutMS)
            case .file:
                // A whole utterance is decoded in one call, so silence for many seconds is work, not a hang.
                WorkerPool.Configuration(
                    command: command, decoders: ProcessInfo.processInfo.activeProcessorCount, waitForDecoderMS: nil,
                    hangTimeoutMS: 60_000)
            }
        return WorkerPool(
            identity: RecognizerIdentity(
                engine: builtInEngine, model: models.name, language: String(models.name.prefix(2))),
            configuration: configuration, clock: SystemClock(), report: logging(to: logger))
    }

    /// Tells an operator what happens to a pool's processes.
    static func logging(to logger: Logger?) -> @Sendable (WorkerIncident) -> Void {
        { incident in
            switch incident {
            case .crashed(let processID):
                logger?.warning("a decoder crashed; its utterance is decoded again", metadata: ["pid": "\(processID)"])
            case .hung(let processID):
                logger?.warning("a decoder was stuck; its utterance is decoded again", metadata: ["pid": "\(processID)"])
            case .templateEnded(let retry, let reason):
                logger?.error("the process of a model ended", metadata: ["retry_in_ms": "\(retry)", "reason": "\(reason)"])
            case .printed(let line): logger?.notice("worker: \(line)")
            }
        }
    }

    /// What is asked of the recogniser that it has not, in words: it goes on without.
    public static func unmet(_ stt: Settings.STT) -> [String] {
        let device =
            "stt.device is \(stt.device.rawValue), which pocketsphinx does not know: it computes on the processor"
        let numbers =
            "stt.compute_dtype is \(stt.computeDtype.rawValue), which pocketsphinx does not know: it computes with int8"
        return (stt.device == .cpu ? [] : [device]) + (stt.computeDtype == .int8 ? [] : [numbers])
    }

    /// Makes voice activity detectors as configured, each for one session; neural ones share their network.
    public static func detectors(
        _ settings: Settings, models: ModelFiles
    ) throws(SpeechError) -> @Sendable () -> any VoiceActivityDetector {
        let aggressiveness = settings.preprocess.vadAggressiveness
        switch settings.preprocess.vad {
        case .silero:
            let network = try SileroNetwork(models.silero)
            return { SileroDetector(network, aggressiveness: aggressiveness) }
        case .energy:
            return { EnergyDetector(aggressiveness: aggressiveness) }
        }
    }

    /// How a pipeline listens.
    public static func pipelineConfiguration(_ settings: Settings) -> SpeechPipeline.Configuration {
        SpeechPipeline.Configuration(
            endpointing: FixedSilence(silenceMS: settings.endpointing.silenceMS),
            minimumSpeechMS: settings.endpointing.minimumSpeechMS, maximumUtteranceMS: settings.endpointing.maximumUtteranceMS,
            // A pause waits in it, and a second of audio is taken at a time.
            ringMS: max(
                settings.audio.ringBufferSizeMS, settings.endpointing.silenceMS + settings.endpointing.minimumSpeechMS + 1500),
            noiseSuppression: settings.preprocess.denoise, highPass: settings.preprocess.highPass, gain: settings.preprocess.gain)
    }

    /// The life of a worker process: `mynah worker live|file|neural|job …`. Enter it before any thread exists.
    public static func runWorker(arguments: [String]) -> Never {
        if arguments.first == NeuralJobs.worker { NeuralJobs.run(arguments: Array(arguments.dropFirst())) }
        if arguments.first == neuralWorker { runNeuralWorker(arguments: Array(arguments.dropFirst())) }
        runBuiltInWorker(arguments: arguments)
    }

    /// `live|file BEAM [fallback] MODELS`.
    private static func runBuiltInWorker(arguments: [String]) -> Never {
        let mode = arguments.first.flatMap(PocketSphinxDecoder.Mode.init(rawValue:)) ?? .live
        let models = arguments.last ?? ""
        let beamSize = arguments.dropFirst().first.flatMap { Int($0) } ?? PocketSphinxDecoder.defaultBeamSize
        // Only the recogniser of live sessions has faults on purpose; the server has said so if the plan makes no sense.
        let isMain = mode == .live && !arguments.contains(fallbackMark)
        let faults = isMain ? try? FaultPlan.from(ProcessInfo.processInfo.environment) : nil
        WorkerProcess.run(warmUp: quietNoise()) {
            if let faults { try FaultyDecoder.checkModel(faults) }
            let decoder = NoiseSuppressingDecoder(try PocketSphinxDecoder(models: models, mode: mode, beamSize: beamSize))
            return faults == nil ? decoder : FaultyDecoder(decoder)
        }
    }

    /// A second of it touches every page that decoding touches.
    static func quietNoise() -> [Int16] {
        var random = SystemRandomNumberGenerator()
        return (0..<SampleTime.rate).map { _ in Int16.random(in: -300...300, using: &random) }
    }
}
