public import Ports
import SpeechModel
import Synchronization

/// Puts a circuit breaker in front of a recogniser, and others beside it that stand in, each with a breaker of its own.
///
/// What one fails on is given to the next before it is lost. When one fails again and again its breaker opens: utterances go past it at
/// once, or fail at once when nobody is left, until a probe succeeds. `overloaded` is no failure, unless there is not one decoder alive.
public final class GuardedRecognizer: Recognizer {
    /// Something that an operator wants to know.
    public enum News: Sendable {
        /// The breaker of the recogniser at a place changed: 0 is the first one, 1 the first fall-back.
        case breaker(place: Int, from: CircuitBreaker.State, to: CircuitBreaker.State)
        /// A fall-back was started, or could not be.
        case fallback(String, Result<Void, any Error>)
    }

    /// What the fall-backs did.
    public struct Statistics: Sendable {
        /// Utterances that one of them recognised.
        public var finals = 0
        /// Utterances that they failed on too.
        public var failures = 0
    }

    /// How a fall-back stands.
    public struct Standing: Sendable {
        /// Its name.
        public var name: String
        /// Whether it is asked.
        public var state: CircuitBreaker.State
        /// Whether it has been started.
        public var isStarted: Bool
        /// Utterances that it recognised.
        public var finals: Int
    }

    /// Whose turn it is to recognise an utterance, and its breaker's permission.
    struct Turn: Sendable {
        /// 0 is the first recogniser.
        let place: Int
        let permit: CircuitBreaker.Permit
    }

    /// A recogniser in the line.
    private final class Place: Sendable {
        let name: String
        /// Nil for the first one, which is there from the beginning.
        let standIn: StandIn?
        let breaker: Mutex<CircuitBreaker>
        let finals = Atomic<Int>(0)

        let languages: Set<String>?

        init(_ name: String, standIn: StandIn?, languages: Set<String>? = nil, breaker: CircuitBreaker) {
            self.name = name
            self.languages = languages
            self.standIn = standIn
            self.breaker = Mutex(breaker)
        }
    }

    private let primary: any Recognizer
    private let places: [Place]
    private let clock: any Clock
    private let answered: @Sendable (_ after: UInt64, _ place: Int) -> Void
    private let report: @Sendable (News) -> Void
    private let lost = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)

    /// Guards `primary`.
    ///
    /// - Parameters:
    ///   - fallbacks: who is to help out, in this order; each is made when it is first needed.
    ///   - resetTimeout: of the breakers, in ns.
    ///   - answered: hears for each final how long it took since the utterance was complete, in ns, and whose it is: 0 is the first
    ///     recogniser.
    ///   - report: called on any thread.
    public init(
        _ primary: any Recognizer, fallbacks: [Fallback], failureThreshold: Int, resetTimeout: UInt64, clock: any Clock,
        answered: @escaping @Sendable (_ after: UInt64, _ place: Int) -> Void = { _, _ in },
        report: @escaping @Sendable (News) -> Void = { _ in }
    ) {
        self.primary = primary
        self.clock = clock
        self.answered = answered
        self.report = report
        let breaker = CircuitBreaker(failureThreshold: failureThreshold, resetTimeout: resetTimeout)
        places =
            [Place("main", standIn: nil, breaker: breaker)]
            + fallbacks.map { fallback in
                let standIn = StandIn(pause: resetTimeout, clock: clock, make: fallback.make) {
                    report(.fallback(fallback.name, $0))
                }
                return Place(fallback.name, standIn: standIn, languages: fallback.languages, breaker: breaker)
            }
    }

    public var identity: RecognizerIdentity { primary.identity }

    /// Of all together.
    public var load: RecognizerLoad {
        places.compactMap { $0.standIn?.current?.load }.reduce(into: primary.load) { load, other in
            load.ready += other.ready
            load.busy += other.busy
            load.waiting += other.waiting
            load.capacity += other.capacity
        }
    }

    /// Whether the first recogniser is asked.
    public var state: CircuitBreaker.State { places[0].breaker.withLock { $0.state } }
    /// Whether there is a fall-back, and whether one has been started: nil for none.
    public var isFallbackStarted: Bool? { places.count == 1 ? nil : standings.contains(where: \.isStarted) }
    /// The fall-backs in their order.
    public var standings: [Standing] {
        places.dropFirst().map { place in
            Standing(
                name: place.name, state: place.breaker.withLock { $0.state },
                isStarted: (place.standIn?.current?.load.ready ?? 0) > 0, finals: place.finals.load(ordering: .relaxed))
        }
    }
    /// What the fall-backs did so far.
    public var statistics: Statistics {
        Statistics(
            finals: places.dropFirst().reduce(0) { $0 + $1.finals.load(ordering: .relaxed) },
            failures: lost.load(ordering: .relaxed))
    }

    public func start() async throws { try await primary.start() }

    public func stop() async {
        isStopping.store(true, ordering: .releasing)
        await primary.stop()
        for place in places { await place.standIn?.stop() }
    }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        let recognition = GuardedRecognition(
            request, observer: observer, owner: self, turn: turn(from: 0, language: request.language))
        recognition.pump()
        return recognition
    }

    // MARK: - for recognitions

    var now: UInt64 { clock.monotonicNanoseconds }

    /// Who takes an utterance; nil when it cannot be had.
    func recognizer(for turn: Turn) -> (any Recognizer)? {
        guard let standIn = places[turn.place].standIn else { return primary }
        return standIn.need()
    }

    func succeeded(_ turn: Turn?, finishedAt: UInt64?) {
        guard let turn else { return }
        if let finishedAt { answered(clock.monotonicNanoseconds &- finishedAt, turn.place) }
        places[turn.place].finals.wrappingAdd(1, ordering: .relaxed)
        change(turn.place) { $0.succeeded(turn.permit) }
    }

    /// Takes note of a failure; returns who is to be tried next.
    func failed(_ turn: Turn?, _ error: SpeechError, language: String?) -> Turn? {
        guard let turn else {
            lost.wrappingAdd(1, ordering: .relaxed)
            return nil
        }
        let recognizer = turn.place == 0 ? primary : places[turn.place].standIn?.current
        let isBroken =
            switch error.code {
            case .recogniserFailed: true
            case .overloaded: (recognizer?.load.ready ?? 0) == 0
            // What was begun while a fall-back was being started, which then could not be.
            case .shuttingDown: turn.place > 0 && !isStopping.load(ordering: .acquiring)
            default: false
            }
        if isBroken {
            change(turn.place) { $0.failed(turn.permit, at: clock.monotonicNanoseconds) }
            if let next = self.turn(from: turn.place + 1, language: language) { return next }
        }
        if turn.place > 0 { lost.wrappingAdd(1, ordering: .relaxed) }
        return nil
    }

    /// What the client of an utterance is told that nobody recognised, the last one with `error`.
    func explained(_ error: SpeechError?) -> SpeechError {
        if let error, error.code != .shuttingDown || isStopping.load(ordering: .acquiring) { return error }
        return SpeechError(
            .recogniserFailed, "The recogniser fails on all speech at the moment, so this utterance was not tried.",
            advice: "Repeat it in a moment; the server's log and /status say more.")
    }

    /// The first one from a place on that understands the language, and whose breaker lets it through.
    private func turn(from first: Int, language: String?) -> Turn? {
        for place in first..<places.count where language.map({ places[place].languages?.contains($0) ?? true }) ?? true {
            if let permit = change(place, { $0.admit(at: clock.monotonicNanoseconds) }) {
                return Turn(place: place, permit: permit)
            }
        }
        return nil
    }

    @discardableResult private func change<T>(_ place: Int, _ body: (inout CircuitBreaker) -> T) -> T {
        let (result, from, to) = places[place].breaker.withLock { breaker in
            let from = breaker.state
            let result = body(&breaker)
            return (result, from, breaker.state)
        }
        if from != to {
            report(.breaker(place: place, from: from, to: to))
            // Whoever speaks next does not have to wait for it.
            if to == .open, place + 1 < places.count { _ = places[place + 1].standIn?.need() }
        }
        return result
    }
}
