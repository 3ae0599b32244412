import Ports
import Resilience
import SpeechModel
import Synchronization
import Testing

@Suite("A guarded recogniser") struct GuardedRecognizerTests {
    private let key = UtteranceKey(epoch: 0, number: 1)

    /// A guard around `main` that opens after two failures for a second.
    private func guarding(
        _ main: PuppetRecognizer, fallback: PuppetRecognizer? = nil, clock: ManualClock = ManualClock(),
        answered: @escaping @Sendable (UInt64) -> Void = { _ in }, changes: Changes = Changes()
    ) -> GuardedRecognizer {
        GuardedRecognizer(
            main, fallbacks: fallback.map { fallback in [Fallback("other") { fallback }] } ?? [], failureThreshold: 2,
            resetTimeout: 1_000_000_000, clock: clock,
            answered: { lag, _ in answered(lag) },
            report: { if case .breaker(0, let from, let to) = $0 { changes.add(from, to) } })
    }

    private func say(_ samples: [Int16], to recognizer: GuardedRecognizer) -> Ear {
        let ear = Ear()
        let recognition = recognizer.begin(RecognitionRequest(key: key), observer: ear)
        recognition.append(samples)
        recognition.finish()
        return ear
    }

    @Test("hands audio, its end and a pause on as they come, and answers back")
    func passing() {
        let main = PuppetRecognizer()
        let ear = Ear()
        let recognition = guarding(main, fallback: PuppetRecognizer()).begin(RecognitionRequest(key: key), observer: ear)
        recognition.append([1, 2])
        recognition.park()
        recognition.append([3])
        let utterance = main.utterances[0]
        #expect(utterance.samples == [1, 2, 3] && utterance.calls == ["park"])
        utterance.hint("go")
        recognition.finish()
        utterance.answer("go on")
        utterance.answer("again")
        recognition.append([4])
        #expect(utterance.samples == [1, 2, 3] && utterance.calls == ["park", "finish"])
        #expect(ear.told == ["partial go", "final go on"])
    }

    @Test("gives what was lost to the fall-back from its beginning, while it is spoken and after", arguments: [true, false])
    func replay(_ isFinished: Bool) {
        let (main, other) = (PuppetRecognizer(), PuppetRecognizer())
        let guarded = guarding(main, fallback: other)
        let ear = Ear()
        let recognition = guarded.begin(RecognitionRequest(key: key, adaptation: "learnt"), observer: ear)
        recognition.append([1, 2])
        if isFinished { recognition.finish() }
        main.utterances[0].fail(.recogniserFailed)
        #expect(other.utterances[0].samples == [1, 2] && other.utterances[0].request.adaptation == "learnt")
        if !isFinished {
            recognition.append([3])
            recognition.finish()
            #expect(other.utterances[0].samples == [1, 2, 3])
        }
        #expect(other.utterances[0].calls == ["finish"])
        // What the first one says of it now is of no use.
        main.utterances[0].hint("no")
        main.utterances[0].answer("no")
        other.utterances[0].answer("yes")
        #expect(ear.told == ["final yes"])
        #expect(guarded.state == .closed && guarded.statistics.finals == 1)
    }

    @Test("loses an utterance that both fail on, and says so once")
    func twice() {
        let (main, other) = (
            PuppetRecognizer(script: .failure(.recogniserFailed)), PuppetRecognizer(script: .failure(.recogniserFailed))
        )
        let guarded = guarding(main, fallback: other)
        #expect(say([1], to: guarded).told == ["failed recogniser-failed"])
        #expect(guarded.statistics.failures == 1)
    }

    @Test("asks those that stand in one after the other, and leaves out whoever fails again and again until a probe succeeds")
    func chain() {
        let clock = ManualClock()
        let main = PuppetRecognizer(script: .failure(.recogniserFailed))
        let (first, second) = (PuppetRecognizer(), PuppetRecognizer(script: .success))
        let guarded = GuardedRecognizer(
            main, fallbacks: [Fallback("first") { first }, Fallback("second") { second }], failureThreshold: 2,
            resetTimeout: 1_000_000_000, clock: clock)
        #expect(guarded.standings.map(\.name) == ["first", "second"] && guarded.isFallbackStarted == false)
        for number in 0..<2 {
            let ear = say([5, 6], to: guarded)
            first.utterances[number].fail(.recogniserFailed)
            #expect(ear.told == ["final done"] && second.utterances[number].samples == [5, 6])
        }
        #expect(guarded.state == .open && guarded.standings.map(\.state) == [.open, .closed])
        #expect(say([1], to: guarded).told == ["final done"])
        #expect(main.utterances.count == 2 && first.utterances.count == 2)
        #expect(guarded.standings.map(\.finals) == [0, 3] && guarded.statistics.finals == 3)
        // Both are tried again: the first one in the line still fails, the second one is back.
        clock.advance(ms: 1000)
        let probe = say([1], to: guarded)
        first.utterances[2].answer("back")
        #expect(probe.told == ["final back"] && guarded.standings.map(\.state) == [.closed, .closed] && guarded.state == .open)
        #expect(guarded.standings.map(\.finals) == [1, 3] && guarded.load.capacity == 6)
    }

    @Test("goes past one that cannot be made, and fails at once when the last one is given up, too")
    func chainWithoutLinks() {
        struct Missing: Error {}
        let last = PuppetRecognizer(script: .failure(.recogniserFailed))
        let guarded = GuardedRecognizer(
            PuppetRecognizer(script: .failure(.recogniserFailed)),
            fallbacks: [Fallback("missing") { throw Missing() }, Fallback("last") { last }], failureThreshold: 2,
            resetTimeout: 1_000_000_000, clock: ManualClock())
        for _ in 0..<3 { #expect(say([1], to: guarded).told == ["failed recogniser-failed"]) }
        #expect(last.utterances.count == 2 && guarded.standings.map(\.state) == [.open, .open])
        #expect(guarded.statistics.failures == 3)
    }

    @Test("asks the fall-back at once while the breaker is open, and the first one again when a probe has succeeded")
    func wholeRound() {
        let clock = ManualClock()
        let (main, other) = (PuppetRecognizer(), PuppetRecognizer(script: .success))
        let changes = Changes()
        let guarded = guarding(main, fallback: other, clock: clock, changes: changes)
        for number in 0..<2 {
            let ear = say([1], to: guarded)
            main.utterances[number].fail(.recogniserFailed)
            #expect(ear.told == ["final done"])
        }
        #expect(guarded.state == .open)
        #expect(say([1], to: guarded).told == ["final done"])
        #expect(main.utterances.count == 2)
        clock.advance(ms: 1000)
        let probe = say([5, 6], to: guarded)
        let other5 = say([1], to: guarded)
        #expect(main.utterances.count == 3 && other5.told == ["final done"])
        main.utterances[2].answer("back")
        #expect(probe.told == ["final back"])
        _ = say([1], to: guarded)
        #expect(main.utterances.count == 4)
        #expect(changes.list == ["closed open", "open half_open", "half_open closed"])
    }

    @Test("fails at once while the breaker is open and there is no fall-back")
    func noFallback() {
        let main = PuppetRecognizer(script: .failure(.recogniserFailed))
        let guarded = guarding(main)
        for _ in 0..<2 { _ = say([1], to: guarded) }
        let ear = say([1], to: guarded)
        #expect(main.utterances.count == 2 && ear.told == ["failed recogniser-failed"])
        #expect(guarded.isFallbackStarted == nil)
    }

    @Test("takes overload for a failure only when no decoder is alive", arguments: [(2, false), (0, true)])
    func overload(_ ready: Int, _ isFailure: Bool) {
        let main = PuppetRecognizer(ready: ready, script: .failure(.overloaded))
        let other = PuppetRecognizer(script: .success)
        let guarded = guarding(main, fallback: other)
        for _ in 0..<2 { #expect(say([1], to: guarded).told == [isFailure ? "final done" : "failed overloaded"]) }
        #expect(guarded.state == (isFailure ? .open : .closed))
    }

    @Test("forgets what was cancelled, wherever it is", arguments: [true, false])
    func cancel(_ isAtFallback: Bool) {
        let (main, other) = (PuppetRecognizer(), PuppetRecognizer())
        let ear = Ear()
        let recognition = guarding(main, fallback: other).begin(RecognitionRequest(key: key), observer: ear)
        if isAtFallback { main.utterances[0].fail(.recogniserFailed) }
        recognition.cancel()
        let last = isAtFallback ? other.utterances[0] : main.utterances[0]
        #expect(last.calls == ["cancel"])
        last.answer("late")
        recognition.finish()
        #expect(ear.told.isEmpty && last.calls == ["cancel"])
    }

    @Test("makes the fall-back once, when it is first needed, and again after it could not be started, but not at once")
    func lazy() async {
        let clock = ManualClock()
        let made = Atomic(0)
        let (starts, tell) = AsyncStream<Bool>.makeStream()
        let guarded = GuardedRecognizer(
            PuppetRecognizer(script: .failure(.recogniserFailed)),
            fallbacks: [
                Fallback("other") {
                    let number = made.wrappingAdd(1, ordering: .relaxed).newValue
                    return PuppetRecognizer(script: .success, startFails: number == 1)
                }
            ], failureThreshold: 100, resetTimeout: 1_000_000_000, clock: clock,
            report: { news in
                if case .fallback(_, let result) = news { tell.yield((try? result.get()) != nil) }
            })
        #expect(made.load(ordering: .relaxed) == 0 && guarded.isFallbackStarted == false)
        // Begun while it is being started; how it ends is the recogniser's own affair.
        #expect(say([1], to: guarded).told == ["final done"])
        var results = starts.makeAsyncIterator()
        #expect(await results.next() == false)
        #expect(say([1], to: guarded).told == ["failed recogniser-failed"])
        #expect(made.load(ordering: .relaxed) == 1)
        clock.advance(ms: 1000)
        #expect(say([1], to: guarded).told == ["final done"])
        #expect(await results.next() == true)
        #expect(say([1], to: guarded).told == ["final done"])
        #expect(made.load(ordering: .relaxed) == 2 && guarded.isFallbackStarted == true)
        #expect(guarded.load.ready == 4)
    }

    @Test("tells how long after its end an utterance was answered, wherever")
    func lag() {
        let clock = ManualClock()
        let lags = Mutex<[UInt64]>([])
        let (main, other) = (PuppetRecognizer(), PuppetRecognizer())
        let guarded = guarding(main, fallback: other, clock: clock, answered: { lag in lags.withLock { $0.append(lag) } })
        _ = say([1], to: guarded)
        clock.advance(ms: 30)
        main.utterances[0].answer("a")
        _ = say([1], to: guarded)
        clock.advance(ms: 50)
        main.utterances[1].fail(.recogniserFailed)
        clock.advance(ms: 50)
        other.utterances[0].answer("b")
        #expect(lags.withLock { $0 } == [30_000_000, 100_000_000])
    }

    @Test("keeps the order of audio when the first one fails while it is being given some")
    func race() async {
        for _ in 0..<200 {
            let (main, other) = (PuppetRecognizer(), PuppetRecognizer(script: .success))
            let ear = Ear()
            let recognition = guarding(main, fallback: other).begin(RecognitionRequest(key: key), observer: ear)
            let first = main.utterances[0]
            await withTaskGroup { group in
                group.addTask {
                    for number in 0..<50 { recognition.append([Int16(number), Int16(number)]) }
                    recognition.finish()
                }
                group.addTask { first.fail(.recogniserFailed) }
            }
            #expect(other.utterances[0].samples == (0..<50).flatMap { [Int16($0), Int16($0)] })
            #expect(ear.told == ["final done"])
        }
    }
}

/// The changes of a breaker, in their order.
private final class Changes: Sendable {
    private let all = Mutex<[String]>([])
    var list: [String] { all.withLock { $0 } }
    func add(_ from: CircuitBreaker.State, _ to: CircuitBreaker.State) {
        all.withLock { $0.append("\(from.rawValue) \(to.rawValue)") }
    }
}
