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
    public let voices: [Voice]
    private let pool: JobPool
    private let identify: (@Sendable (String) -> String?)?
    private let sampleRate = Mutex<Int?>(nil)

    /// Takes a pool whose process serves ``SynthesisJob``s, and greets with its sample rate.
    ///
    /// - Parameters:
    ///   - voices: the model's speakers in their order.
    ///   - identify: tells the language of a text for which nobody names one, where the model has to be told.
    public init(
        _ pool: JobPool, identity: SynthesizerIdentity, voices: [Voice], identify: (@Sendable (String) -> String?)? = nil
    ) {
        self.pool = pool
        self.identity = identity
        self.voices = voices
        self.identify = identify
    }

    public func start() async throws {
        guard case .numbers(let numbers)? = try await pool.start().first, let rate = numbers.first else { return }
        sampleRate.withLock { $0 = Int(rate) }
    }

    public func speak(_ request: SpeechRequest) async throws -> any SpokenAudio {
        guard let sampleRate = sampleRate.withLock({ $0 }) else {
            throw SpeechError(.notReady, "The voice is being loaded.", advice: "Try again in a moment.")
        }
        // The model's own name is its first speaker.
        let name = request.voice ?? identity.model
        guard let speaker = name == identity.model ? 0 : voices.firstIndex(where: { $0.id == name }) else {
            throw SpeechError(
                .invalidParameter, "There is no voice `\(name)`.",
                advice: "There are: \(voices.prefix(20).map(\.id).joined(separator: ", ")).")
        }
        let text = request.text.exposed
        let language = request.language ?? identify?(text)
        return SpokenSentences(
            sampleRate: sampleRate,
            jobs: SentenceSplitter.sentences(of: text).map {
                SynthesisJob(text: $0, speaker: speaker, speed: request.speed, language: language)
            }, pool: pool)
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
