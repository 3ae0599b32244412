import PipelineFeed
import SpeechModel
import Testing

private let error = SpeechError(.recogniserFailed, "It failed.", advice: "Try again.")

private func utterance(_ number: Int, epoch: Int = 0) -> UtteranceKey { UtteranceKey(epoch: epoch, number: number) }

private func final(_ sequence: Int) -> SessionInput {
    .finalReady(sequence: sequence, language: "en", processingTimeMS: 32)
}

extension SessionStates {
    fileprivate mutating func take(_ inputs: SessionInput...) -> [SessionOutput] {
        var output: [SessionOutput] = []
        for input in inputs { apply(input, into: &output) }
        return output
    }

    /// A session in the middle of its life.
    fileprivate static func after(needsWaking: Bool = false, _ inputs: SessionInput...) -> SessionStates {
        var states = SessionStates(needsWaking: needsWaking)
        for input in [.sessionBegan(metadata: [:]), .audioBegan] + inputs { _ = states.take(input) }
        return states
    }
}

extension [SessionOutput] {
    /// What happened, in few words: `idle>listening` for a change of state (whose event is checked), else the event's type.
    fileprivate var told: [String] {
        var told: [String] = []
        for (index, output) in enumerated() {
            switch output {
            case .transition(let from, let to):
                told.append("\(from)>\(to)")
                let event = FeedEvent.stateChanged(from: from, to: to)
                #expect(index + 1 < count && self[index + 1] == .event(event))
            case .event(let event):
                if event.type != .stateChanged { told.append(event.type.rawValue) }
            }
        }
        return told
    }

    fileprivate var events: [FeedEvent] {
        compactMap { if case .event(let event) = $0, event.type != .stateChanged { event } else { nil } }
    }
}

@Suite("The states of a session") struct SessionStatesTests {
    @Test("go one round per utterance, with the events of the contract in the documented order")
    func round() {
        var states = SessionStates()
        #expect(states.state == .idle)
        #expect(
            states.take(.sessionBegan(metadata: ["name": "kitchen"])) == [
                .event(FeedEvent(.pipelineStarted, metadata: ["name": "kitchen"]))
            ])
        #expect(states.take(.audioBegan).isEmpty)
        #expect(states.state == .idle)
        let started = states.take(.speechStarted(utterance(1), atMS: 420))
        #expect(started.told == ["speech_started", "idle>listening"])
        #expect(
            started.events == [
                FeedEvent(.speechStarted, metadata: ["utterance": 1, "start_ms": 420], stage: .preprocess)
            ])
        #expect(states.state == .listening)
        let stopped = states.take(.speechStopped(utterance(1), atMS: 2310))
        #expect(stopped.told == ["speech_stopped", "processing_started", "listening>processing"])
        #expect(
            stopped.events[0] == FeedEvent(.speechStopped, metadata: ["utterance": 1, "end_ms": 2310], stage: .preprocess))
        #expect(stopped.events[1] == FeedEvent(.processingStarted, metadata: ["utterance": 1], stage: .stt))
        #expect(states.state == .processing)
        let ready = states.take(final(17))
        #expect(ready.told == ["processing_completed", "processing>emit", "transcript_ready", "emit>idle"])
        #expect(
            ready.events == [
                FeedEvent(
                    .processingCompleted, metadata: ["utterance": 1, "outcome": "transcript", "processing_time_ms": 32],
                    stage: .stt),
                FeedEvent(
                    .transcriptReady,
                    metadata: ["utterance": 1, "sequence_number": 17, "language": "en", "processing_time_ms": 32],
                    stage: .publish),
            ])
        #expect(states.openUtterances == 0)
        #expect(states.state == .idle)
        #expect(
            states.take(.sessionEnded(reason: "ended")) == [
                .event(FeedEvent(.pipelineStopped, metadata: ["reason": "ended"]))
            ])
        #expect(states.state == .idle)
        #expect(states.ignoredInputs == 0)
    }

    @Test("take no more than an empty round for an utterance without words")
    func nothing() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9))
        let output = states.take(.nothingRecognised(utterance(1)))
        #expect(output.told == ["processing_completed", "processing>emit", "emit>idle"])
        #expect(output.events[0].metadata == ["utterance": 1, "outcome": "empty"])
        #expect(states.state == .idle)
    }

    @Test("are those of the oldest utterance without an answer while the next one is spoken")
    func nextSpoken() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9))
        #expect(states.take(.speechStarted(utterance(2), atMS: 10)).told == ["speech_started"])
        #expect(states.state == .processing)
        #expect(states.openUtterances == 2)
        #expect(
            states.take(final(1)).told == [
                "processing_completed", "processing>emit", "transcript_ready", "emit>idle", "idle>listening",
            ])
        #expect(states.take(.speechStopped(utterance(2), atMS: 20)).told.last == "listening>processing")
    }

    @Test("catch up with an utterance that ended while the one before was recognised")
    func nextEnded() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9), .speechStarted(utterance(2), atMS: 10)
        )
        #expect(states.take(.speechStopped(utterance(2), atMS: 20)).told == ["speech_stopped", "processing_started"])
        let first = states.take(final(1))
        #expect(
            first.told == [
                "processing_completed", "processing>emit", "transcript_ready", "emit>idle", "idle>listening",
                "listening>processing",
            ])
        #expect(first.events.map { $0.metadata["utterance"] } == [1, 1])
        let second = states.take(final(2))
        #expect(second.told == ["processing_completed", "processing>emit", "transcript_ready", "emit>idle"])
        #expect(second.events.map { $0.metadata["utterance"] } == [2, 2])
        #expect(states.state == .idle)
    }

    @Test("wait for the older utterance when the younger one is known to have no words")
    func overtaken() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9),
            .speechStarted(utterance(2), atMS: 10),
            .speechStopped(utterance(2), atMS: 20), .speechStarted(utterance(3), atMS: 30))
        #expect(states.take(.nothingRecognised(utterance(2))).told == ["processing_completed"])
        #expect(states.state == .processing)
        #expect(
            states.take(final(1)).told == [
                "processing_completed", "processing>emit", "transcript_ready", "emit>idle", "idle>listening",
                "listening>processing", "processing>emit", "emit>idle", "idle>listening",
            ])
        #expect(states.openUtterances == 1)
        #expect(states.ignoredInputs == 0)
    }

    @Test("pass through error when an utterance is lost")
    func lost() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9))
        let output = states.take(.failed(.stt, error, .utterance))
        #expect(
            output.told == ["processing_completed", "stage_error", "error_occurred", "processing>error", "error>idle"])
        #expect(output.events[0].metadata["outcome"] == "failed")
        let details: [String: EventValue] = ["stage": "stt", "error_type": "recogniser-failed", "message": "It failed."]
        #expect(output.events[1] == FeedEvent(.stageError, metadata: details, level: .error, stage: .stt))
        #expect(
            output.events[2]
                == FeedEvent(.errorOccurred, metadata: details.merging(["utterance": "1"]) { $1 }, level: .error, stage: .stt))
    }

    @Test("lose an utterance while it is spoken, and take the next one")
    func lostWhileSpoken() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0))
        let output = states.take(.failed(.stt, error, .utterance))
        #expect(output.told == ["speech_stopped", "stage_error", "error_occurred", "listening>error", "error>idle"])
        #expect(output.events[0].metadata == ["utterance": 1, "reason": "failed"])
        #expect(states.take(.speechStopped(utterance(1), atMS: 9)).isEmpty)
        #expect(states.take(.speechStarted(utterance(2), atMS: 10)).told == ["speech_started", "idle>listening"])
        #expect(states.ignoredInputs == 1)
    }

    @Test("close an utterance that was still spoken when the next one begins, because its failure is told later")
    func superseded() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0))
        let begun = states.take(.speechStarted(utterance(2), atMS: 10))
        #expect(begun.told == ["speech_stopped", "processing_started", "speech_started", "listening>processing"])
        #expect(begun.events[0].metadata == ["utterance": 1, "reason": "superseded"])
        #expect(
            states.take(.failed(.stt, error, .utterance)).told == [
                "processing_completed", "stage_error", "error_occurred", "processing>error", "error>idle", "idle>listening",
            ])
        #expect(states.state == .listening)
        #expect(states.openUtterances == 1)
    }

    @Test("an answered utterance behind a lost one gets its round")
    func emptyBehindLost() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9),
            .speechStarted(utterance(2), atMS: 10),
            .speechStopped(utterance(2), atMS: 20), .nothingRecognised(utterance(2)))
        #expect(
            states.take(.failed(.stt, error, .utterance)).told == [
                "processing_completed", "stage_error", "error_occurred", "processing>error", "error>idle", "idle>listening",
                "listening>processing", "processing>emit", "emit>idle",
            ])
        #expect(states.state == .idle)
    }

    @Test("stay in error until every stage that failed works again, while events go on")
    func stages() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0))
        #expect(states.take(.failed(.capture, error, .stage)).told == ["stage_error", "listening>error"])
        #expect(states.take(.failed(.capture, error, .stage)).told == ["stage_error"])
        #expect(states.take(.failed(.language, error, .stage)).told == ["stage_error"])
        #expect(states.take(.speechStopped(utterance(1), atMS: 9)).told == ["speech_stopped", "processing_started"])
        #expect(states.take(final(1)).told == ["processing_completed", "transcript_ready"])
        #expect(states.take(.recovered(.capture)).isEmpty)
        #expect(states.state == .error)
        #expect(states.take(.speechStarted(utterance(2), atMS: 10), .speechStopped(utterance(2), atMS: 20)).told.count == 3)
        #expect(states.take(.recovered(.language)).told == ["error>idle", "idle>listening", "listening>processing"])
        #expect(states.ignoredInputs == 0)
        #expect(states.take(.recovered(.language)).isEmpty)
        #expect(states.ignoredInputs == 1)
        #expect(states.take(final(2)).told.last == "emit>idle")
        #expect(states.take(.failed(.capture, error, .stage)).told == ["stage_error", "idle>error"])
        #expect(states.take(.recovered(.capture)).told == ["error>idle"])
    }

    @Test("pass through error to the end when the session breaks, with every pair of events closed first")
    func broken() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9), .speechStarted(utterance(2), atMS: 10)
        )
        let output = states.take(.failed(.capture, error, .session))
        #expect(
            output.told == [
                "processing_completed", "speech_stopped", "stage_error", "error_occurred", "processing>error", "error>idle",
                "pipeline_stopped",
            ])
        #expect(output.events[0].metadata == ["utterance": 1, "outcome": "abandoned"])
        #expect(output.events[1].metadata == ["utterance": 2, "reason": "abandoned"])
        #expect(output.events[3].metadata["error_type"] == "recogniser-failed")
        #expect(output.events[3].metadata["utterance"] == nil)
        #expect(output.events[4].metadata == ["reason": "failed"])
        #expect(states.openUtterances == 0)
        #expect(states.state == .idle)
    }

    @Test("tell a broken session once as error, and leave a stopped server's session in shutdown")
    func brokenInError() {
        var failed = SessionStates.after(.speechStarted(utterance(1), atMS: 0), .failed(.stt, error, .stage))
        #expect(
            failed.take(.failed(.capture, error, .session)).told == [
                "speech_stopped", "stage_error", "error_occurred", "error>idle", "pipeline_stopped",
            ])
        #expect(failed.state == .idle)
        var stopping = SessionStates.after(.speechStarted(utterance(1), atMS: 0), .serverStopping)
        #expect(
            stopping.take(.failed(.capture, error, .session)).told == [
                "speech_stopped", "stage_error", "error_occurred", "pipeline_stopped",
            ])
        #expect(stopping.state == .shutdown)
    }

    @Test("go back to idle at the end, wherever the session is")
    func ended() {
        var spoken = SessionStates.after(.speechStarted(utterance(1), atMS: 0))
        let silenced = spoken.take(.sessionEnded(reason: "expired"))
        #expect(silenced.told == ["speech_stopped", "listening>idle", "pipeline_stopped"])
        #expect(silenced.events[0].metadata == ["utterance": 1, "reason": "abandoned"])
        #expect(silenced.events[1].metadata == ["reason": "expired"])
        #expect(spoken.state == .idle)

        var processing = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9),
            .speechStarted(utterance(2), atMS: 10), .speechStopped(utterance(2), atMS: 20), .nothingRecognised(utterance(2)),
            .speechStarted(utterance(3), atMS: 30))
        let abandoned = processing.take(.sessionEnded(reason: "ended"))
        #expect(
            abandoned.told == ["processing_completed", "speech_stopped", "processing>emit", "emit>idle", "pipeline_stopped"])
        #expect(abandoned.events[0].metadata == ["utterance": 1, "outcome": "abandoned"])
        #expect(abandoned.events[1].metadata == ["utterance": 3, "reason": "abandoned"])
        #expect(processing.state == .idle)
        #expect(processing.openUtterances == 0)

        var broken = SessionStates.after(
            .failed(.capture, error, .stage), .failed(.language, error, .stage), .speechStarted(utterance(1), atMS: 0),
            .speechStopped(utterance(1), atMS: 9))
        #expect(
            broken.take(.sessionEnded(reason: "ended")).told == ["processing_completed", "error>idle", "pipeline_stopped"])
        #expect(broken.state == .idle)

        var awake = SessionStates.after(needsWaking: true, .wakeWordDetected(phrase: "hey", score: 1))
        #expect(awake.take(.sessionEnded(reason: "ended")).told == ["listening>idle", "pipeline_stopped"])
        #expect(awake.state == .idle)
    }

    @Test("await the wake word when it is needed, and again when its time is over")
    func waking() {
        var states = SessionStates(needsWaking: true)
        #expect(states.take(.sessionBegan(metadata: [:]), .audioBegan).told == ["pipeline_started"])
        #expect(states.take(.speechStarted(utterance(1), atMS: 0)).isEmpty)
        let woken = states.take(.wakeWordDetected(phrase: "hey computer", score: 0.83))
        #expect(woken.told == ["wake_word_detected", "idle>listening"])
        #expect(
            woken.events == [
                FeedEvent(.wakeWordDetected, metadata: ["phrase": "hey computer", "score": 0.83], stage: .wakeword)
            ])
        #expect(states.take(.wakeWordDetected(phrase: "hey", score: 1)).told == ["wake_word_detected"])
        #expect(states.take(.speechStarted(utterance(1), atMS: 5)).told == ["speech_started"])
        #expect(states.take(.wakeWindowClosed).isEmpty)
        #expect(states.state == .listening)
        _ = states.take(.speechStopped(utterance(1), atMS: 9))
        #expect(states.take(final(1)).told.last == "emit>idle")
        #expect(states.ignoredInputs == 1)
        _ = states.take(.wakeWordDetected(phrase: "hey", score: 1))
        #expect(states.take(.wakeWindowClosed).told == ["listening>idle"])
        #expect(states.take(.wakeWindowClosed).isEmpty)
        #expect(states.ignoredInputs == 2)
    }

    @Test("await the next utterance after an answer, a loss and an interruption while the wake word holds")
    func awake() {
        var states = SessionStates.after(
            needsWaking: true, .wakeWordDetected(phrase: "hey", score: 1), .speechStarted(utterance(1), atMS: 0),
            .speechStopped(utterance(1), atMS: 9))
        #expect(states.take(final(1)).told.suffix(2) == ["emit>idle", "idle>listening"])
        _ = states.take(.speechStarted(utterance(2), atMS: 10))
        #expect(states.take(.failed(.stt, error, .utterance)).told.suffix(2) == ["error>idle", "idle>listening"])
        _ = states.take(.speechStarted(utterance(3), atMS: 20))
        #expect(states.take(.interrupted).told == ["speech_stopped"])
        #expect(states.state == .listening)
        _ = states.take(.speechStarted(utterance(4), atMS: 30), .speechStopped(utterance(4), atMS: 40))
        #expect(
            states.take(.interrupted).told == ["processing_completed", "processing>emit", "emit>idle", "idle>listening"])
        #expect(states.ignoredInputs == 0)
    }

    @Test(
        "write a score with three decimals, whatever it is",
        arguments: [(0.12345, 0.123), (7, 1), (-1, 0), (.nan, 0), (.infinity, 0)] as [(Double, Double)])
    func score(_ score: Double, _ expected: Double) {
        var states = SessionStates.after(needsWaking: true)
        #expect(states.take(.wakeWordDetected(phrase: "hey", score: score)).events[0].metadata["score"] == .number(expected))
    }

    @Test("do not change with the audio that comes and stops")
    func paused() {
        var states = SessionStates.after()
        #expect(states.take(.audioStopped).isEmpty)
        #expect(states.ignoredInputs == 0)
        #expect(states.take(.audioStopped).isEmpty)
        #expect(states.ignoredInputs == 1)
        #expect(states.take(.audioBegan).isEmpty)
        #expect(states.ignoredInputs == 1)
        #expect(states.take(.audioBegan).isEmpty)
        #expect(states.ignoredInputs == 2)
        #expect(states.state == .idle)
    }

    @Test("await nobody while no audio comes, and whoever spoke the wake word again afterwards")
    func pausedAwake() {
        var states = SessionStates.after(needsWaking: true, .wakeWordDetected(phrase: "hey", score: 1))
        #expect(states.take(.audioStopped).told == ["listening>idle"])
        #expect(states.take(.audioBegan).told == ["idle>listening"])
        #expect(states.take(.audioStopped, .wakeWindowClosed).told == ["listening>idle"])
        #expect(states.take(.audioBegan).isEmpty)
        #expect(states.take(.speechStarted(utterance(1), atMS: 0)).isEmpty)
        #expect(states.ignoredInputs == 1)
    }

    @Test("take a wake word and speech after it that are found in the audio after it stopped")
    func wokenLate() {
        var states = SessionStates.after(needsWaking: true, .audioStopped)
        #expect(states.take(.wakeWordDetected(phrase: "hey", score: 1)).told == ["wake_word_detected"])
        #expect(states.state == .idle)
        #expect(states.take(.speechStarted(utterance(1), atMS: 0)).told == ["speech_started", "idle>listening"])
        #expect(states.take(.speechStopped(utterance(1), atMS: 9)).told.last == "listening>processing")
        #expect(states.take(final(1)).told.last == "emit>idle")
        #expect(states.take(.wakeWindowClosed).isEmpty)
        #expect(states.ignoredInputs == 0)
        #expect(states.take(.speechStarted(utterance(2), atMS: 20)).isEmpty)
        #expect(states.ignoredInputs == 1)
    }

    @Test("take speech that is found in the audio after it stopped")
    func foundLate() {
        var states = SessionStates.after(.audioStopped)
        #expect(states.take(.speechStarted(utterance(1), atMS: 0)).told == ["speech_started", "idle>listening"])
        #expect(states.take(.speechStopped(utterance(1), atMS: 9)).told.last == "listening>processing")
        #expect(states.take(final(1)).told.last == "emit>idle")
        #expect(states.ignoredInputs == 0)
    }

    @Test("finish an utterance whose audio broke off")
    func pausedWhileSpoken() {
        var states = SessionStates.after(.speechStarted(utterance(1), atMS: 0))
        #expect(states.take(.audioStopped).isEmpty)
        #expect(states.state == .listening)
        #expect(states.take(.speechStopped(utterance(1), atMS: 9)).told.last == "listening>processing")
        #expect(states.take(final(1)).told.last == "emit>idle")
    }

    @Test("give up what is open at an interruption")
    func interrupted() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9),
            .speechStarted(utterance(2), atMS: 10),
            .speechStopped(utterance(2), atMS: 20), .nothingRecognised(utterance(2)), .speechStarted(utterance(3), atMS: 30))
        #expect(
            states.take(.interrupted).told == [
                "processing_completed", "speech_stopped", "processing>emit", "emit>idle",
            ])
        #expect(states.openUtterances == 0)
        #expect(states.take(.interrupted).isEmpty)
        #expect(states.take(.speechStarted(utterance(3), atMS: 40)).isEmpty)
        #expect(states.ignoredInputs == 2)
        #expect(states.take(.speechStarted(utterance(4, epoch: 1), atMS: 40)).told == ["speech_started", "idle>listening"])
        #expect(states.take(.interrupted).told == ["speech_stopped", "listening>idle"])
    }

    @Test("tell of lost audio in any state, without changing it")
    func overflow() {
        let inState: [(SessionState, SessionStates)] = [
            (.idle, .after()), (.listening, .after(.speechStarted(utterance(1), atMS: 0))),
            (.processing, .after(.speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9))),
            (.error, .after(.failed(.capture, error, .stage))), (.shutdown, .after(.serverStopping)),
        ]
        for (state, states) in inState {
            var states = states
            #expect(
                states.take(.overflowed(buffer: "capture", lostMS: 120)) == [
                    .event(
                        FeedEvent(
                            .bufferOverflow, metadata: ["buffer": "capture", "lost_ms": 120], level: .warning, stage: .capture))
                ])
            #expect(states.state == state)
        }
    }

    @Test("are shutdown when the server stops, while answers that are owed still come")
    func stopping() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9), .speechStarted(utterance(2), atMS: 10)
        )
        #expect(states.take(.serverStopping).told == ["processing>shutdown"])
        #expect(states.take(.speechStopped(utterance(2), atMS: 20)).told == ["speech_stopped", "processing_started"])
        #expect(states.take(final(1)).told == ["processing_completed", "transcript_ready"])
        #expect(states.take(.failed(.publish, error, .stage)).told == ["stage_error"])
        #expect(states.take(.audioStopped).isEmpty)
        #expect(states.ignoredInputs == 0)
        #expect(states.take(.serverStopping, .audioBegan).isEmpty)
        #expect(states.ignoredInputs == 2)
        #expect(states.take(final(2)).told == ["processing_completed", "transcript_ready"])
        let late = states.take(.speechStarted(utterance(3), atMS: 30), .speechStopped(utterance(3), atMS: 40), final(3))
        #expect(
            late.told == [
                "speech_started", "speech_stopped", "processing_started", "processing_completed", "transcript_ready",
            ])
        #expect(states.state == .shutdown)
        #expect(states.take(.sessionEnded(reason: "ended")).told == ["pipeline_stopped"])
        #expect(states.state == .shutdown)
        var silent = SessionStates.after()
        #expect(silent.take(.serverStopping).told == ["idle>shutdown"])
        var broken = SessionStates.after(.failed(.capture, error, .stage))
        #expect(broken.take(.serverStopping).told == ["error>shutdown"])
        #expect(broken.take(.recovered(.capture)).isEmpty)
        #expect(broken.state == .shutdown)
        #expect(broken.ignoredInputs == 0)
        var asleep = SessionStates.after(needsWaking: true, .serverStopping)
        #expect(
            asleep.take(.wakeWordDetected(phrase: "hey", score: 1), .speechStarted(utterance(1), atMS: 0)).told == [
                "wake_word_detected", "speech_started",
            ])
    }

    @Test("ignore and count everything before the beginning and after the end")
    func outside() {
        let inputs: [SessionInput] = [
            .audioBegan, .audioStopped, .wakeWordDetected(phrase: "hey", score: 1), .wakeWindowClosed,
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 1), final(1),
            .nothingRecognised(utterance(1)), .failed(.stt, error, .utterance), .failed(.stt, error, .stage),
            .failed(.stt, error, .session), .recovered(.stt), .interrupted, .overflowed(buffer: "b", lostMS: 1),
            .serverStopping,
            .sessionEnded(reason: "ended"),
        ]
        var new = SessionStates()
        for input in inputs { #expect(new.take(input).isEmpty) }
        #expect(new.ignoredInputs == inputs.count)
        var over = SessionStates.after(.sessionEnded(reason: "ended"))
        for input in inputs + [.sessionBegan(metadata: [:])] { #expect(over.take(input).isEmpty) }
        #expect(over.ignoredInputs == inputs.count + 1)
        #expect(over.state == .idle)
    }

    @Test("ignore what cannot be")
    func impossible() {
        var states = SessionStates.after(.speechStarted(utterance(2), atMS: 0))
        let impossible: [SessionInput] = [
            .sessionBegan(metadata: [:]), final(1), .nothingRecognised(utterance(2)), .nothingRecognised(utterance(9)),
            .speechStarted(utterance(2), atMS: 1), .speechStarted(utterance(1), atMS: 1), .speechStopped(utterance(1), atMS: 1),
            .wakeWordDetected(phrase: "not needed", score: 1),
        ]
        for input in impossible { #expect(states.take(input).isEmpty, "\(input)") }
        _ = states.take(.speechStopped(utterance(2), atMS: 5))
        #expect(states.take(.speechStopped(utterance(2), atMS: 5)).isEmpty)
        _ = states.take(final(1))
        #expect(states.take(.failed(.stt, error, .utterance), final(2)).isEmpty)
        #expect(states.ignoredInputs == impossible.count + 3)
    }

    @Test("are told twice that an utterance is empty only once")
    func emptyTwice() {
        var states = SessionStates.after(
            .speechStarted(utterance(1), atMS: 0), .speechStopped(utterance(1), atMS: 9),
            .speechStarted(utterance(2), atMS: 10),
            .speechStopped(utterance(2), atMS: 20), .nothingRecognised(utterance(2)))
        #expect(states.take(.nothingRecognised(utterance(2))).isEmpty)
        #expect(states.ignoredInputs == 1)
    }

    @Test("give the oldest utterance up when too many have no answer")
    func bounded() {
        var states = SessionStates.after()
        for number in 1...SessionStates.maximumUtterances {
            _ = states.take(.speechStarted(utterance(number), atMS: 0), .speechStopped(utterance(number), atMS: 1))
        }
        let output = states.take(.speechStarted(utterance(999), atMS: 0))
        #expect(
            output.told == [
                "processing_completed", "speech_started", "processing>emit", "emit>idle", "idle>listening",
                "listening>processing",
            ])
        #expect(output.events[0].metadata == ["utterance": 1, "outcome": "abandoned"])
        #expect(states.openUtterances == SessionStates.maximumUtterances)
    }
}

@Suite("The states of a session, whatever happens") struct SessionStatesRandomTests {
    /// The arrows of the contract, and the two ways back that it leaves open.
    private static let arrows: Set<[SessionState]> = [
        [.idle, .listening], [.listening, .processing], [.processing, .emit], [.emit, .idle], [.listening, .idle],
        [.error, .idle], [.idle, .error], [.listening, .error], [.processing, .error], [.idle, .shutdown],
        [.listening, .shutdown], [.processing, .shutdown], [.error, .shutdown],
    ]

    private struct Watcher {
        var state = SessionState.idle
        var changes: [FeedEvent] = []
        var counts: [EventType: Int] = [:]
        var spoken: Set<EventValue> = []
        var processed: Set<EventValue> = []
        var isOver = false

        mutating func watch(_ output: [SessionOutput]) {
            for output in output {
                #expect(!isOver, "Nothing follows pipeline_stopped.")
                switch output {
                case .transition(let from, let to):
                    #expect(from == state)
                    #expect(SessionStatesRandomTests.arrows.contains([from, to]), "\(from) → \(to)")
                    #expect(changes.isEmpty)
                    state = to
                    changes = [FeedEvent.stateChanged(from: from, to: to)]
                case .event(let event):
                    #expect(changes.isEmpty ? event.type != .stateChanged : changes.removeFirst() == event)
                    counts[event.type, default: 0] += 1
                    let utterance = event.metadata["utterance"] ?? ""
                    switch event.type {
                    case .speechStarted: #expect(spoken.insert(utterance).inserted)
                    case .speechStopped: #expect(spoken.remove(utterance) != nil)
                    case .processingStarted: #expect(processed.insert(utterance).inserted)
                    case .processingCompleted: #expect(processed.remove(utterance) != nil)
                    case .pipelineStopped: isOver = true
                    default: break
                    }
                }
            }
            #expect(changes.isEmpty)
        }
    }

    /// Any input at any time, the likely ones more often.
    private func anything(_ number: inout Int, _ random: inout SeededRandom) -> SessionInput {
        let recent = utterance(Int.random(in: max(0, number - 2)...number, using: &random))
        let stage = PipelineStage.allCases.randomElement(using: &random)!
        switch Int.random(in: 0..<64, using: &random) {
        case 0: return .sessionBegan(metadata: [:])
        case 1..<4: return .audioBegan
        case 4: return .audioStopped
        case 5..<9: return .wakeWordDetected(phrase: "hey", score: 1)
        case 9: return .wakeWindowClosed
        case 10..<22:
            number += 1
            return .speechStarted(utterance(number), atMS: number)
        case 22: return .speechStarted(recent, atMS: 0)
        case 23..<37: return .speechStopped(utterance(number), atMS: number)
        case 37: return .speechStopped(recent, atMS: 0)
        case 38..<48: return final(number)
        case 48..<53: return .nothingRecognised(recent)
        case 53..<55: return .failed(stage, error, .utterance)
        case 55: return .failed(stage, error, .stage)
        case 56..<60: return .recovered(stage)
        case 60: return .interrupted
        case 61: return .overflowed(buffer: "capture", lostMS: 20)
        case 62: return Int.random(in: 0..<8, using: &random) == 0 ? .serverStopping : .interrupted
        default:
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return .sessionEnded(reason: "ended")
            case 1: return .failed(stage, error, .session)
            default: return .audioBegan
            }
        }
    }

    @Test("follow the arrows, tell each change, and close each pair of events", arguments: 0..<100)
    func random(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let needsWaking = seed % 3 == 0
        var states = SessionStates(needsWaking: needsWaking)
        var watcher = Watcher()
        var number = 0
        var isStopping = false
        watcher.watch(states.take(.sessionBegan(metadata: [:]), .audioBegan))
        for _ in 0..<400 {
            let ignored = states.ignoredInputs
            let input = anything(&number, &random)
            if case .serverStopping = input, !watcher.isOver { isStopping = true }
            let output = states.take(input)
            watcher.watch(output)
            #expect(states.state == watcher.state)
            #expect(states.ignoredInputs == ignored || output.isEmpty, "What is ignored tells nothing.")
            #expect(states.openUtterances <= SessionStates.maximumUtterances)
            #expect(states.openUtterances >= watcher.spoken.count + watcher.processed.count)
            #expect(watcher.spoken.count <= 1)
            #expect((states.state == .shutdown) == isStopping)
            switch states.state {
            case .idle: #expect(states.openUtterances == 0)
            case .listening:
                #expect(states.openUtterances == watcher.spoken.count)
                #expect(states.openUtterances == 1 || needsWaking)
            case .processing: #expect(!watcher.processed.isEmpty)
            case .emit: Issue.record("No input ends in emit.")
            case .error, .shutdown: break
            }
        }
        watcher.watch(states.take(.sessionEnded(reason: "ended")))
        #expect(watcher.isOver)
        #expect(watcher.spoken.isEmpty && watcher.processed.isEmpty)
        #expect(watcher.state == (isStopping ? .shutdown : .idle))
        #expect(states.openUtterances == 0)
        #expect(watcher.counts[.pipelineStarted] == 1)
        #expect(watcher.counts[.pipelineStopped] == 1)
    }

    @Test("go exactly one round for each utterance, however the utterances overlap", arguments: 0..<50)
    func rounds(_ seed: UInt64) {
        var random = SeededRandom(seed)
        var states = SessionStates()
        var output = states.take(.sessionBegan(metadata: [:]), .audioBegan)
        var begun = 0
        var stopped = 0
        var answered = 0
        var sequence = 0
        var empty: Set<Int> = []
        let total = 30
        while answered < total {
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where begun < total && begun == stopped:
                begun += 1
                output += states.take(.speechStarted(utterance(begun), atMS: begun))
            case 1 where stopped < begun:
                stopped += 1
                output += states.take(.speechStopped(utterance(stopped), atMS: stopped))
            case 2 where answered < stopped:
                sequence += 1
                output += states.take(final(sequence))
                answered += 1
            case 3 where answered < stopped:
                // Answers without words overtake the others.
                let number = Int.random(in: answered + 1...stopped, using: &random)
                if empty.insert(number).inserted { output += states.take(.nothingRecognised(utterance(number))) }
            default: break
            }
            while empty.contains(answered + 1) { answered += 1 }
            let expected: SessionState = answered < stopped ? .processing : stopped < begun ? .listening : .idle
            #expect(states.state == expected)
        }
        output += states.take(.audioStopped, .sessionEnded(reason: "ended"))
        let told = output.told
        let round = ["idle>listening", "listening>processing", "processing>emit", "emit>idle"]
        #expect(told.filter { $0.contains(">") } == Array(repeating: round, count: total).flatMap(\.self))
        #expect(told.last == "pipeline_stopped")
        #expect(told.count { $0 == "transcript_ready" } == sequence)
        #expect(sequence + empty.count == total)
        #expect(states.ignoredInputs == 0)
    }
}
