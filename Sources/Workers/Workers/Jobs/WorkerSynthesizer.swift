public import Ports
import SpeechModel
import Synchronization
import TextAnalysis

/// A voice in a worker process.
///
/// A text is spoken sentence by sentence: the next is made while the last is heard, several people who listen take turns, and nobody who
/// reads slowly keeps others from being served.
public final class WorkerSynthesizer: Synthesizer {
    public let identity: SynthesizerIdentity
    private let pool: JobPool
    private let languages: [String]
    private let model = Mutex<Model?>(nil)

    private struct Model {
        var sampleRate: Int
        var voices: [Voice]
    }

    /// Takes a pool whose process serves ``SynthesisJob``s, and greets with its sample rate, the number of its speakers, and their
    /// names if they have any.
    ///
    /// - Parameter languages: ISO 639-1 languages that the model speaks.
    public init(_ pool: JobPool, identity: SynthesizerIdentity, languages: [String]) {
        self.pool = pool
        self.identity = identity
        self.languages = languages
    }

    public var voices: [Voice] { model.withLock { $0?.voices ?? [] } }

    public func start() async throws {
        let greeting = try await pool.start()
        guard case .numbers(let numbers)? = greeting.first, numbers.count == 2 else { return }
        var voices = Voice.ofModel(identity.model, speakers: Int(numbers[1]), languages: languages)
        if case .text(let names)? = greeting.last {
            voices = names.split(separator: ",").map { Voice(id: String($0), languages: languages) }
        }
        model.withLock { $0 = Model(sampleRate: Int(numbers[0]), voices: voices) }
    }

    public func speak(_ request: SpeechRequest) async throws -> any SpokenAudio {
        guard let model = model.withLock({ $0 }) else {
            throw SpeechError(.notReady, "The voice is being loaded.", advice: "Try again in a moment.")
        }
        // The model's own name is its first speaker.
        let name = request.voice ?? identity.model
        guard let speaker = name == identity.model ? 0 : model.voices.firstIndex(where: { $0.id == name }) else {
            throw SpeechError(
                .invalidParameter, "There is no voice `\(name)`.",
                advice: "There are: \(model.voices.prefix(20).map(\.id).joined(separator: ", ")).")
        }
        let sentences = SentenceSplitter.sentences(of: request.text.exposed)
        return SpokenSentences(
            sampleRate: model.sampleRate,
            jobs: sentences.map { SynthesisJob(text: $0, speaker: speaker, speed: request.speed) }, pool: pool)
    }

    public func stop() async { await pool.stop() }
}

/// Sentences on their way through the pool, one ahead of the listener.
private final class SpokenSentences: SpokenAudio {
    let sampleRate: Int
    private let jobs: [SynthesisJob]
    private let pool: JobPool
    private let state: Mutex<State>

    private struct State {
        var next = 0
        var ahead: Task<[Int16], any Error>?
        var isCancelled = false
    }

    init(sampleRate: Int, jobs: [SynthesisJob], pool: JobPool) {
        self.sampleRate = sampleRate
        self.jobs = jobs
        self.pool = pool
        state = Mutex(State())
        state.withLock { $0.ahead = begin(0) }
    }

    deinit { cancel() }

    func next() async throws -> [Int16]? {
        let current = state.withLock { state in
            defer { state.next += 1 }
            let current = state.ahead
            state.ahead = state.isCancelled ? nil : begin(state.next + 1)
            return current
        }
        return try await withTaskCancellationHandler {
            try await current?.value
        } onCancel: {
            cancel()
        }
    }

    func cancel() {
        let ahead = state.withLock {
            $0.isCancelled = true
            return $0.ahead.take()
        }
        ahead?.cancel()
    }

    private func begin(_ index: Int) -> Task<[Int16], any Error>? {
        guard jobs.indices.contains(index) else { return nil }
        return Task { [job = jobs[index], pool] in
            guard case .samples(let samples)? = try await pool.run(job.values).first else { return [] }
            return samples
        }
    }
}
