public import SpeechModel

/// The states of one session and the events that tell of them, as a pure state machine: what happened in, what to tell out.
///
/// | arrows | when |
/// |---|---|
/// | idle → listening → processing → emit → idle | the round of one utterance |
/// | listening → idle | nobody is awaited any more, or what was spoken is given up |
/// | idle, listening, processing → error | an utterance was lost, a stage failed, or the session did |
/// | error → idle | at once, or when every stage works again, or with the end of the session |
/// | any → shutdown | the server stops; there is no way back |
///
/// **Listening** is a session in which somebody speaks, or which heard its wake word and waits for somebody to speak, as long
/// as audio comes. Without a wake word nothing but the rounds of the utterances is told of a session that goes well.
///
/// **Utterances that overlap**: the next one may begin, and even end, while the last one is still being recognised. The state
/// is that of the *oldest utterance without an answer*: `listening` while it is spoken, `processing` after. Events are told
/// when they happen; only the state waits. Once the oldest is answered, the state goes through `emit` and `idle` and catches up
/// with the next one, so each answered utterance is one whole round, whatever overlaps. Out of `processing` leads only `emit`
/// (with or without a transcript), `error` or `shutdown`. Utterances that are given up together, by an interruption or the end
/// of the session, have no more than the rest of the round that the oldest is in.
///
/// **Failures**: a lost utterance is `error` and back to `idle` at once. A stage that failed keeps the session in `error` until
/// it recovers; events go on meanwhile, rounds are not made up for. A session that failed is `error`, and then at its end.
///
/// **The end** of a session leads back to `idle`, also out of `error`. A session that the server stopped ends in `shutdown`.
///
/// **Order** of what one input puts out: its own events first, then the changes of state, each followed directly by its
/// `state_changed`; `transcript_ready` is told in `emit`. Stopping speech is `speech_stopped`, `processing_started`. A failure
/// closes the pairs of what is lost by it, then is `stage_error`, then `error_occurred` if something was lost. The end closes
/// the open pairs; `pipeline_stopped` is the last event of a session, after its changes of state.
///
/// **Pairs**: every `speech_started` is followed by one `speech_stopped`, every `processing_started` by one
/// `processing_completed` with an `outcome` (`transcript`, `empty`, `failed`, `abandoned`), even if the session ends in
/// between.
///
/// An input that makes no sense in the state is ignored and counted in ``ignoredInputs``.
public struct SessionStates: Sendable {
    private enum Phase {
        case new, live, stopping, over
    }
    private enum Outcome: String {
        case transcript, empty, failed, abandoned
    }
    private struct Utterance {
        let key: UtteranceKey
        var isSpoken = true
        /// Answered without words, but an older one is not answered yet.
        var isEmpty = false
    }

    /// Utterances without an answer that are remembered; one more makes the oldest abandoned.
    public static let maximumUtterances = 64

    /// What the session is doing.
    public private(set) var state = SessionState.idle
    /// Inputs that made no sense when they came.
    public private(set) var ignoredInputs = 0
    /// Utterances without an answer, the one that is being spoken included.
    public var openUtterances: Int { utterances.count }

    private let needsWaking: Bool
    private var phase = Phase.new
    private var hasAudio = false
    private var isAwake = false
    private var faults: Set<PipelineStage> = []
    /// In the order of speech; only the last one can be spoken, and the first one is never ``Utterance/isEmpty`` between
    /// inputs.
    private var utterances: [Utterance] = []
    private var lastKey: UtteranceKey?

    /// Makes the states of a session that has not begun.
    ///
    /// - Parameters:
    ///   - needsWaking: nothing is listened to before a wake word.
    ///   - isAwake: it was said already, at another server.
    public init(needsWaking: Bool = false, isAwake: Bool = false) {
        self.needsWaking = needsWaking
        self.isAwake = needsWaking && isAwake
    }

    /// Takes what happened and adds what is to be told.
    public mutating func apply(_ input: SessionInput, into output: inout [SessionOutput]) {
        if !take(input, &output) { ignoredInputs += 1 }
    }

    /// Returns whether the input made sense.
    private mutating func take(_ input: SessionInput, _ output: inout [SessionOutput]) -> Bool {
        let isBeginning = if case .sessionBegan = input { true } else { false }
        guard isBeginning ? phase == .new : phase == .live || phase == .stopping else { return false }
        switch input {
        case .sessionBegan(let metadata):
            phase = .live
            tell(.pipelineStarted, metadata, &output)
        case .audioBegan:
            guard phase == .live, !hasAudio else { return false }
            hasAudio = true
        case .audioStopped:
            guard hasAudio else { return false }
            hasAudio = false
        case .wakeWordDetected(let phrase, let score):
            guard needsWaking else { return false }
            isAwake = true
            tell(.wakeWordDetected, ["phrase": .text(phrase), "score": .number(Self.bounded(score))], stage: .wakeword, &output)
        case .wakeWindowClosed:
            guard isAwake else { return false }
            isAwake = false
        case .speechStarted(let key, let atMS):
            // Speech may be found late, as a wake word may, in audio that came before it stopped or the server did.
            guard isAwake || !needsWaking, isNew(key) else { return false }
            begin(key, atMS, &output)
        case .speechStopped(let key, let atMS):
            guard let last = utterances.indices.last, utterances[last].key == key, utterances[last].isSpoken else {
                return false
            }
            utterances[last].isSpoken = false
            tell(.speechStopped, ["utterance": .integer(key.number), "end_ms": .integer(atMS)], stage: .preprocess, &output)
            tell(.processingStarted, ["utterance": .integer(key.number)], stage: .stt, &output)
        case .finalReady(let sequence, let language, let processingTimeMS):
            guard let first = utterances.first, !first.isSpoken else { return false }
            complete(first, .transcript, processingTimeMS: processingTimeMS, &output)
            let ready: [String: EventValue] = [
                "utterance": .integer(first.key.number), "sequence_number": .integer(sequence), "language": .text(language),
                "processing_time_ms": .integer(processingTimeMS),
            ]
            removeOldest(ready: FeedEvent(.transcriptReady, metadata: ready, stage: .publish), &output)
        case .nothingRecognised(let key):
            guard let index = utterances.firstIndex(where: { $0.key == key }), !utterances[index].isSpoken,
                !utterances[index].isEmpty
            else { return false }
            utterances[index].isEmpty = true
            complete(utterances[index], .empty, &output)
            removeEmpty(&output)
        case .failed(let stage, let error, .utterance):
            guard let first = utterances.first else { return false }
            close(first, .failed, &output)
            tellFailure(stage, error, lost: ["utterance": "\(first.key.number)"], &output)
            utterances.removeFirst()
            pass(to: .error, &output)
            pass(to: .idle, &output)
            removeEmpty(&output)
        case .failed(let stage, let error, .stage):
            tellFailure(stage, error, lost: nil, &output)
            pass(to: .error, &output)
            faults.insert(stage)
        case .failed(let stage, let error, .session):
            abandonAll(&output)
            tellFailure(stage, error, lost: [:], &output)
            pass(to: .error, &output)
            end("failed", &output)
        case .recovered(let stage):
            guard faults.remove(stage) != nil else { return false }
        case .interrupted:
            guard !utterances.isEmpty else { return false }
            giveUp(&output)
        case .overflowed(let buffer, let lostMS):
            tell(
                .bufferOverflow, ["buffer": .text(buffer), "lost_ms": .integer(lostMS)], level: .warning, stage: .capture, &output
            )
        case .serverStopping:
            guard phase == .live else { return false }
            phase = .stopping
            change(to: .shutdown, &output)
        case .sessionEnded(let reason): end(reason, &output)
        }
        catchUp(&output)
        return true
    }

    // MARK: - Utterances

    /// An utterance that was answered or given up does not come back.
    private func isNew(_ key: UtteranceKey) -> Bool {
        guard let lastKey else { return true }
        return key.epoch > lastKey.epoch || key.epoch == lastKey.epoch && key.number > lastKey.number
    }

    private mutating func begin(_ key: UtteranceKey, _ atMS: Int, _ output: inout [SessionOutput]) {
        lastKey = key
        if let last = utterances.indices.last, utterances[last].isSpoken {
            // It failed at the recogniser while it was spoken, and its turn to be told so has not come.
            utterances[last].isSpoken = false
            tellSilence(utterances[last], "superseded", &output)
            tell(.processingStarted, ["utterance": .integer(utterances[last].key.number)], stage: .stt, &output)
        }
        let isFull = utterances.count == Self.maximumUtterances
        if isFull { complete(utterances[0], .abandoned, &output) }
        utterances.append(Utterance(key: key))
        tell(.speechStarted, ["utterance": .integer(key.number), "start_ms": .integer(atMS)], stage: .preprocess, &output)
        if isFull { removeOldest(ready: nil, &output) }
    }

    /// The oldest utterance has its answer: one round of the states, and as many as there are answered ones behind it.
    private mutating func removeOldest(ready: FeedEvent?, _ output: inout [SessionOutput]) {
        utterances.removeFirst()
        pass(to: .emit, &output)
        if let ready { output.append(.event(ready)) }
        pass(to: .idle, &output)
        removeEmpty(&output)
    }

    private mutating func removeEmpty(_ output: inout [SessionOutput]) {
        while let first = utterances.first, first.isEmpty {
            catchUp(&output)
            utterances.removeFirst()
            pass(to: .emit, &output)
            pass(to: .idle, &output)
        }
    }

    /// Gives every utterance up, and leaves the round of the oldest.
    private mutating func giveUp(_ output: inout [SessionOutput]) {
        abandonAll(&output)
        if state == .processing {
            pass(to: .emit, &output)
            pass(to: .idle, &output)
        }
    }

    private mutating func abandonAll(_ output: inout [SessionOutput]) {
        for utterance in utterances where !utterance.isEmpty { close(utterance, .abandoned, &output) }
        utterances.removeAll()
    }

    // MARK: - Events

    /// Tells the second event of the pair that is open.
    private func close(_ utterance: Utterance, _ outcome: Outcome, _ output: inout [SessionOutput]) {
        if utterance.isSpoken {
            tellSilence(utterance, outcome.rawValue, &output)
        } else {
            complete(utterance, outcome, &output)
        }
    }

    /// Speech of which nothing is heard any more, for a reason that is not the end of speech.
    private func tellSilence(_ utterance: Utterance, _ reason: String, _ output: inout [SessionOutput]) {
        tell(.speechStopped, ["utterance": .integer(utterance.key.number), "reason": .text(reason)], stage: .preprocess, &output)
    }

    private func complete(
        _ utterance: Utterance, _ outcome: Outcome, processingTimeMS: Int? = nil, _ output: inout [SessionOutput]
    ) {
        var metadata: [String: EventValue] = ["utterance": .integer(utterance.key.number), "outcome": .text(outcome.rawValue)]
        if let processingTimeMS { metadata["processing_time_ms"] = .integer(processingTimeMS) }
        tell(.processingCompleted, metadata, stage: .stt, &output)
    }

    private func tellFailure(
        _ stage: PipelineStage, _ error: SpeechError, lost: [String: String]?, _ output: inout [SessionOutput]
    ) {
        output.append(.event(.failure(in: stage, error)))
        if let lost { output.append(.event(.failure(.errorOccurred, in: stage, error, details: lost))) }
    }

    private func tell(
        _ type: EventType, _ metadata: [String: EventValue], level: EventLevel = .info, stage: PipelineStage? = nil,
        _ output: inout [SessionOutput]
    ) {
        output.append(.event(FeedEvent(type, metadata: metadata, level: level, stage: stage)))
    }

    /// A score that may be anything, as one of 0–1 with three decimals.
    private static func bounded(_ score: Double) -> Double {
        score.isFinite ? (min(max(score, 0), 1) * 1000).rounded() / 1000 : 0
    }

    // MARK: - States

    /// Where the state has to be when nothing holds it.
    private var destination: SessionState {
        if let first = utterances.first { return first.isSpoken ? .listening : .processing }
        return isAwake && hasAudio ? .listening : .idle
    }

    /// Follows the arrows to the destination.
    private mutating func catchUp(_ output: inout [SessionOutput]) {
        while phase == .live, faults.isEmpty, state != destination {
            switch state {
            case .idle: pass(to: .listening, &output)
            case .listening: pass(to: destination == .idle ? .idle : .processing, &output)
            // Only out of `error`: the other states are left by what happened, before the destination is asked for.
            case .processing, .emit, .error, .shutdown: pass(to: .idle, &output)
            }
        }
    }

    /// Changes the state, unless the session is in `error` or `shutdown` for longer.
    private mutating func pass(to next: SessionState, _ output: inout [SessionOutput]) {
        guard phase == .live, faults.isEmpty else { return }
        change(to: next, &output)
    }

    private mutating func change(to next: SessionState, _ output: inout [SessionOutput]) {
        output.append(.transition(from: state, to: next))
        output.append(.event(.stateChanged(from: state, to: next)))
        state = next
    }

    private mutating func end(_ reason: String, _ output: inout [SessionOutput]) {
        // Neither a stage that does not work nor a wake word keeps the session from its end.
        faults = []
        isAwake = false
        giveUp(&output)
        catchUp(&output)
        phase = .over
        tell(.pipelineStopped, ["reason": .text(reason)], &output)
    }
}
