import EspeakEngine
import FliteEngine
import Foundation
import Logging
import ModelLibrary
import MynahConfiguration
import SherpaEngine
import SpeechModel
import Workers

/// Worker processes with models that do jobs: `mynah worker job KIND THREADS DEVICE … FOLDER`.
enum NeuralJobs {
    /// The first argument of such a worker.
    static let worker = "job"

    enum Kind: String {
        /// The built-in voices; no folder.
        case flite
        case voice, embedding, punctuation, enhancement, language
        /// `THRESHOLD EMBEDDING-FOLDER SEGMENTATION-FOLDER`
        case diarization
    }

    /// A process of a kind, not yet started.
    static func pool(
        _ kind: Kind, _ arguments: [String], failure: ErrorCode, settings: Settings, logger: Logger?
    ) -> JobPool {
        let threads = settings.stt.threads > 0 ? settings.stt.threads : ProcessInfo.processInfo.activeProcessorCount
        return JobPool(
            configuration: JobPool.Configuration(
                command: [executablePath(), "worker", worker, kind.rawValue, "\(threads)", settings.stt.device.rawValue]
                    + arguments, failure: failure), clock: SystemClock(), report: Recognition.logging(to: logger))
    }

    static func run(arguments: [String]) -> Never {
        let kind = arguments.first.flatMap(Kind.init(rawValue:))
        let options = RecognitionOptions(
            threads: arguments.dropFirst().first.flatMap { Int($0) } ?? 1, provider: arguments.dropFirst(2).first ?? "cpu")
        let rest = Array(arguments.dropFirst(3))
        let folder = rest.last ?? ""
        JobProcess.run {
            let description = { (folder: String) throws(SpeechError) in try ModelFolder(folder).inspect() }
            switch kind {
            case nil:
                throw SpeechError(
                    .internalError, "There is no worker for `\(arguments.first ?? "")`.",
                    advice: "This is a fault of the program.")
            case .flite: return try FliteVoices()
            case .voice:
                return try VoiceModel(description(folder), in: folder, phonemizer: EspeakPhonemizer(), options: options)
            case .embedding: return try SpeakerEmbeddingModel(description(folder), in: folder, options: options)
            case .punctuation:
                let model = try description(folder)
                return model.family == .cnnBiLSTM
                    ? try CasingModel(model, in: folder, options: options)
                    : try PunctuationModel(model, in: folder, options: options)
            case .enhancement: return try EnhancementModel(description(folder), in: folder, options: options)
            case .language: return try LanguageModel(description(folder), in: folder, options: options)
            case .diarization:
                let embeddings = rest.dropFirst().first ?? ""
                return try DiarizationModel(
                    segmentation: DiarizationModel.Part(description(folder), in: folder),
                    embedding: DiarizationModel.Part(description(embeddings), in: embeddings),
                    threshold: rest.first.flatMap { Double($0) } ?? 0.5, options: options)
            }
        }
    }
}
