import Foundation
public import ModelLibrary
public import MynahConfiguration
import SpeechModel
import Workers

/// Has a model do what it is for, in a process of its own, before anybody relies on it.
public enum ModelTrial {
    /// Numbers, in the scripts that a voice may know alone.
    private static let sentences = [
        "ar": "واحد اثنان ثلاثة أربعة خمسة.", "bg": "Едно две три четири пет.", "bn": "এক দুই তিন চার পাঁচ।",
        "el": "Ένα δύο τρία τέσσερα πέντε.",
        "fa": "یک دو سه چهار پنج.", "he": "אחת שתיים שלוש ארבע חמש.", "hi": "एक दो तीन चार पाँच।", "ja": "いち、に、さん、し、ご。",
        "ka": "ერთი ორი სამი ოთხი ხუთი.", "ko": "하나 둘 셋 넷 다섯.", "ru": "Один два три четыре пять.", "th": "หนึ่ง สอง สาม สี่ ห้า",
        "uk": "Один два три чотири п'ять.", "zh": "一二三四五六七八九十。",
    ]
    private static let sentence = "One two three four five six seven eight nine ten."

    /// Tries the model in `folder`.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` with the last words of the process, when it ends, or what the model fails with.
    public static func run(_ model: ModelDescription, in folder: String, settings: Settings) async throws -> Trial {
        switch model.family.task {
        case .recognition, .keywordSpotting: return try await Recognition.tryModel(model, in: folder, settings: settings)
        case .synthesis:
            let language = model.languages.first
            return try await job(.voice, folder, settings: settings) { pool in
                func seconds(_ text: String) async throws -> Double {
                    let job = SynthesisJob(text: text, speaker: 0, speed: 1, language: language)
                    guard case .samples(let samples)? = try await pool.run(job.values).first, !samples.isEmpty else {
                        throw silent(folder)
                    }
                    return Double(samples.count) / Double(model.sampleRate)
                }
                // A voice whose folder does not tell its language may know English words only.
                guard let own = language.flatMap({ sentences[$0] }), let spoken = try? await seconds(own) else {
                    return try await seconds(sentence)
                }
                return spoken
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
