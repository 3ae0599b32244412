import Foundation
public import ModelLibrary
public import MynahConfiguration
import SpeechModel
import Workers

/// Has a model do what it is for, in a process of its own, before anybody relies on it.
public enum ModelTrial {
    private static let sentence = "One two three four five six seven eight nine ten."

    /// Tries the model in `folder`.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` with the last words of the process, when it ends, or what the model fails with.
    public static func run(_ model: ModelDescription, in folder: String, settings: Settings) async throws -> Trial {
        switch model.family.task {
        case .recognition, .keywordSpotting: return try await Recognition.tryModel(model, in: folder, settings: settings)
        case .synthesis:
            return try await job(.voice, folder, settings: settings) { pool in
                let result = try await pool.run(SynthesisJob(text: sentence, speaker: 0, speed: 1).values)
                guard case .samples(let samples)? = result.first, !samples.isEmpty else { throw silent(folder) }
                return Double(samples.count) / Double(model.sampleRate)
            }
        case .speakerEmbedding:
            return try await job(.embedding, folder, settings: settings) { try await hear($0, [.samples(noise)]) }
        case .enhancement:
            return try await job(.enhancement, folder, settings: settings) {
                try await hear($0, [.numbers([Double(SampleTime.rate)]), .samples(noise)])
            }
        case .punctuation:
            return try await job(.punctuation, folder, settings: settings) { pool in
                _ = try await pool.run([.text("how are you i am fine")])
                return 0
            }
        // It works together with embeddings only; those may come later.
        case .speakerSegmentation:
            let library = ModelLibrary(modelsDirectory: settings.models.directory)
            guard let name = try library.manifest().defaultModel(for: .speakerEmbedding, language: Manifest.anyLanguage) else {
                return Trial(loadMS: 0, timesRealTime: 0)
            }
            return try await job(
                .diarization, ["\(settings.speakers.threshold)", library.folder(of: name), folder], settings: settings
            ) {
                try await hear($0, DiarizationJob(samples: noise, speakers: nil).values)
            }
        }
    }

    private static let noise = (0..<12).flatMap { _ in Recognition.quietNoise() }

    private static func hear(_ pool: JobPool, _ request: [JobValue]) async throws -> Double {
        _ = try await pool.run(request)
        return Double(noise.count) / Double(SampleTime.rate)
    }

    private static func job(
        _ kind: NeuralJobs.Kind, _ folder: String, settings: Settings, work: (JobPool) async throws -> Double
    ) async throws -> Trial {
        try await job(kind, [folder], settings: settings, work: work)
    }

    /// - Parameter work: does a job and returns how many seconds of sound it was; it is done twice, because the first is slow.
    private static func job(
        _ kind: NeuralJobs.Kind, _ arguments: [String], settings: Settings, work: (JobPool) async throws -> Double
    ) async throws -> Trial {
        let pool = NeuralJobs.pool(kind, arguments, failure: .brokenModel, settings: settings, logger: nil)
        do {
            let started = ContinuousClock.now
            _ = try await pool.start()
            _ = try await work(pool)
            let loaded = ContinuousClock.now
            let seconds = try await work(pool)
            let took = (ContinuousClock.now - loaded) / .seconds(1)
            await pool.stop()
            return Trial(loadMS: Int((loaded - started) / .milliseconds(1)), timesRealTime: Int(seconds / max(took, 1e-6)))
        } catch {
            await pool.stop()
            throw error
        }
    }

    private static func silent(_ folder: String) -> SpeechError {
        SpeechError(
            .brokenModel, "The voice in \(folder) says nothing when it is given a sentence.",
            advice: "Its lexicon or its tokens belong to another voice; get all files from the same place.")
    }
}
