import Ports
import SpeechModel
import Synchronization

/// One utterance on its way through a ``GuardedRecognizer``: keeps its audio until it is answered, so that another recogniser can hear it
/// from its beginning.
///
/// The session's thread adds audio, a recogniser's thread may say that it failed. Whoever changes the state hands on what is new
/// (``pump()``), one at a time and without a lock held, because a recogniser may answer from within any call.
final class GuardedRecognition: Recognition {
    private struct State {
        var audio: [Int16] = []
        /// Whose turn it is; nil when nobody can be asked.
        var turn: GuardedRecognizer.Turn?
        var attempt: (any Recognition)?
        /// Counts the attempts: what an older one says does not matter.
        var number = 0
        var lastError: SpeechError?
        var sent = 0
        var isFinished = false
        var finishedAt: UInt64?
        var finishSent = false
        var wantsPark = false
        var parkSent = false
        var isCancelled = false
        /// The attempt has ended, and it is not yet decided what follows.
        var isUndecided = false
        var isOver = false
        var isPumping = false
    }

    private enum Step {
        case begin(GuardedRecognizer.Turn?, number: Int)
        case append(any Recognition, [Int16], Range<Int>)
        case finish(any Recognition)
        case park(any Recognition)
        case cancel(any Recognition)
    }

    private let request: RecognitionRequest
    private let observer: any RecognitionObserver
    private let owner: GuardedRecognizer
    private let state: Mutex<State>

    init(
        _ request: RecognitionRequest, observer: any RecognitionObserver, owner: GuardedRecognizer,
        turn: GuardedRecognizer.Turn?
    ) {
        self.request = request
        self.observer = observer
        self.owner = owner
        var state = State()
        state.turn = turn
        state.audio.reserveCapacity(SampleTime.rate * 4)
        self.state = Mutex(state)
    }

    // MARK: - the session's side

    func append(_ samples: UnsafeBufferPointer<Int16>) {
        state.withLock { state in
            guard !state.isFinished, !state.isCancelled, !state.isOver else { return }
            state.audio.append(contentsOf: samples)
            state.wantsPark = false
        }
        pump()
    }

    func finish() {
        state.withLock { state in
            state.isFinished = true
            // How long a recording takes says nothing of those who are speaking.
            state.finishedAt = request.isBackground ? nil : owner.now
            state.wantsPark = false
        }
        pump()
    }

    func cancel() {
        state.withLock { $0.isCancelled = true }
        pump()
    }

    func park() {
        state.withLock { state in
            state.wantsPark = true
            state.parkSent = false
        }
        pump()
    }

    // MARK: - the way to the recogniser

    /// Hands on what is new. If another thread does so at the moment, it goes on with this.
    func pump() {
        let isMine = state.withLock { state in
            defer { state.isPumping = true }
            return !state.isPumping
        }
        guard isMine else { return }
        while let step = state.withLock({ Self.next(&$0) }) { perform(step) }
    }

    private static func next(_ state: inout State) -> Step? {
        if let step = due(&state) { return step }
        state.isPumping = false
        return nil
    }

    private static func due(_ state: inout State) -> Step? {
        guard !state.isOver, !state.isUndecided else { return nil }
        if state.isCancelled {
            defer { close(&state) }
            return state.attempt.map { .cancel($0) }
        }
        guard let attempt = state.attempt else {
            return .begin(state.turn, number: state.number)
        }
        if state.sent < state.audio.count {
            let range = state.sent..<state.audio.count
            state.sent = range.upperBound
            return .append(attempt, state.audio, range)
        }
        if state.isFinished, !state.finishSent {
            state.finishSent = true
            return .finish(attempt)
        }
        if state.wantsPark, !state.parkSent {
            state.parkSent = true
            return .park(attempt)
        }
        return nil
    }

    private func perform(_ step: Step) {
        switch step {
        case .begin(let turn, let number):
            guard let recognizer = turn.flatMap(owner.recognizer) else {
                return told(.failed(owner.explained(state.withLock { $0.lastError })), by: number)
            }
            let attempt = recognizer.begin(request, observer: Attempt(self, number: number))
            state.withLock { if $0.number == number { $0.attempt = attempt } }
        case .append(let attempt, let audio, let range):
            audio.withUnsafeBufferPointer { attempt.append(UnsafeBufferPointer(rebasing: $0[range])) }
        case .finish(let attempt): attempt.finish()
        case .park(let attempt): attempt.park()
        case .cancel(let attempt): attempt.cancel()
        }
    }

    // MARK: - the recogniser's side

    private func told(_ update: RecognitionUpdate, by number: Int) {
        if case .partial = update {
            if state.withLock({ $0.number == number && !$0.isOver }) { observer.recognition(request.key, updated: update) }
            return
        }
        let ended = state.withLock { state -> (turn: GuardedRecognizer.Turn?, finishedAt: UInt64?)? in
            guard state.number == number, !state.isOver else { return nil }
            state.number += 1
            state.attempt = nil
            state.isUndecided = true
            return (state.turn, state.finishedAt)
        }
        guard let ended else { return }
        switch update {
        case .partial: break
        case .final:
            owner.succeeded(ended.turn, finishedAt: ended.finishedAt)
            conclude(update)
        case .failed(let error):
            guard let next = owner.failed(ended.turn, error, language: request.language) else {
                return conclude(.failed(ended.turn?.place == 0 ? error : owner.explained(error)))
            }
            state.withLock { state in
                state.turn = next
                state.lastError = error
                state.sent = 0
                state.finishSent = false
                state.parkSent = false
                state.isUndecided = false
            }
            pump()
        }
    }

    private func conclude(_ update: RecognitionUpdate) {
        let isWanted = state.withLock { state in
            Self.close(&state)
            return !state.isCancelled
        }
        if isWanted { observer.recognition(request.key, updated: update) }
    }

    /// Lets go of the attempt, which knows this in turn.
    private static func close(_ state: inout State) {
        state.isOver = true
        state.attempt = nil
        state.audio = []
    }

    /// Hears for one attempt.
    private final class Attempt: RecognitionObserver {
        private let recognition: GuardedRecognition
        private let number: Int

        init(_ recognition: GuardedRecognition, number: Int) {
            self.recognition = recognition
            self.number = number
        }

        func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) { recognition.told(update, by: number) }
    }
}
