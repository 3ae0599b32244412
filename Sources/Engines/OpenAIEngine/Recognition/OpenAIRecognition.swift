import Ports
import SpeechModel
import Synchronization

/// One utterance on its way through an ``OpenAIRecognizer``: gathers its audio, and is a task from its end on.
final class OpenAIRecognition: Recognition {
    private struct State {
        var samples: [Int16] = []
        /// How much of it the last partial result was asked for.
        var glanced = 0
        /// What listens to a part, or to all of it.
        var task: Task<Void, Never>?
        var isGlancing = false
        var isFinished = false
        var isOver = false
    }

    private let key: UtteranceKey
    private let language: String?
    private let observer: any RecognitionObserver
    private let owner: OpenAIRecognizer
    private let state = Mutex(State())

    init(_ key: UtteranceKey, language: String?, observer: any RecognitionObserver, owner: OpenAIRecognizer) {
        self.key = key
        self.language = language
        self.observer = observer
        self.owner = owner
    }

    func append(_ samples: UnsafeBufferPointer<Int16>) {
        state.withLock { state in
            guard !state.isFinished, !state.isOver else { return }
            state.samples.append(contentsOf: samples)
            guard let step = owner.samplesPerPartial, !state.isGlancing, state.samples.count >= state.glanced + step else {
                return
            }
            state.glanced = state.samples.count
            state.isGlancing = true
            state.task = Task { [samples = state.samples] in await glance(at: samples) }
        }
    }

    func finish() {
        state.withLock { state in
            guard !state.isFinished, !state.isOver else { return }
            state.isFinished = true
            state.task?.cancel()
            state.task = Task { [samples = state.samples] in await conclude(samples) }
        }
    }

    func cancel() {
        close()?.cancel()
        owner.closed(self)
    }

    /// Nothing is held that others could use, but a request for a partial result.
    func park() {
        state.withLock { state in
            if state.isGlancing, !state.isFinished { state.task?.cancel() }
        }
    }

    /// Ends it, and says why.
    func fail(_ error: SpeechError) {
        guard let task = close() else { return }
        task.cancel()
        observer.recognition(key, updated: .failed(error))
    }

    private func glance(at samples: [Int16]) async {
        let hypothesis = await owner.glance(at: samples, language: language)
        let isWanted = state.withLock { state in
            state.isGlancing = false
            return !state.isFinished && !state.isOver && !Task.isCancelled
        }
        guard let hypothesis, isWanted else { return }
        observer.recognition(key, updated: .partial(hypothesis, throughSample: samples.count))
    }

    private func conclude(_ samples: [Int16]) async {
        let update: RecognitionUpdate
        do throws(SpeechError) {
            update = .final(try await owner.recognise(samples, language: language), adaptation: nil)
        } catch {
            update = .failed(error)
        }
        owner.closed(self)
        if close() != nil { observer.recognition(key, updated: update) }
    }

    /// What is under way, for the one who closes it; nil when it is closed already.
    private func close() -> Task<Void, Never>? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            state.isOver = true
            state.samples = []
            defer { state.task = nil }
            return state.task ?? Task {}
        }
    }
}
