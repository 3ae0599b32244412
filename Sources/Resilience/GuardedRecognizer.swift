public import Ports
import SpeechModel
import Synchronization

/// Puts a circuit breaker in front of a recogniser, and another recogniser beside it.
///
/// What the first one fails on is given to the fall-back before it is lost. When it fails again and again the breaker opens: utterances go
/// to the fall-back at once, or fail at once when there is none, until a probe succeeds. `overloaded` is no failure, unless there is not
/// one decoder alive.
public final class GuardedRecognizer: Recognizer {
    /// Something that an operator wants to know.
    public enum News: Sendable {
        /// The breaker changed.
        case breaker(from: CircuitBreaker.State, to: CircuitBreaker.State)
        /// The fall-back was started, or could not be.
        case fallback(Result<Void, any Error>)
    }

    /// What the fall-back did.
    public struct Statistics: Sendable {
        /// Utterances that it recognised.
        public var finals = 0
        /// Utterances that it failed on too.
        public var failures = 0
    }

    private let primary: any Recognizer
    private let standIn: StandIn?
    private let breaker: Mutex<CircuitBreaker>
    private let clock: any Clock
    private let answered: @Sendable (_ after: UInt64) -> Void
    private let report: @Sendable (News) -> Void
    private let counts = Mutex(Statistics())
    private let isStopping = Atomic<Bool>(false)

    /// Guards `primary`.
    ///
    /// - Parameters:
    ///   - fallback: makes what is to help out, when it is first needed; nil for none. Called again after a failure, but not within a
    ///     reset time-out.
    ///   - resetTimeout: of the breaker, in ns.
    ///   - answered: hears for each final how long it took since the utterance was complete, in ns.
    ///   - report: called on any thread.
    public init(
        _ primary: any Recognizer, fallback: (@Sendable () throws -> any Recognizer)?, failureThreshold: Int,
        resetTimeout: UInt64, clock: any Clock, answered: @escaping @Sendable (_ after: UInt64) -> Void = { _ in },
        report: @escaping @Sendable (News) -> Void = { _ in }
    ) {
        self.primary = primary
        self.clock = clock
        self.answered = answered
        self.report = report
        breaker = Mutex(CircuitBreaker(failureThreshold: failureThreshold, resetTimeout: resetTimeout))
        standIn = fallback.map { StandIn(pause: resetTimeout, clock: clock, make: $0) { report(.fallback($0)) } }
    }

    public var identity: RecognizerIdentity { primary.identity }

    /// Of both together.
    public var load: RecognizerLoad {
        var load = primary.load
        guard let other = standIn?.current?.load else { return load }
        load.ready += other.ready
        load.busy += other.busy
        load.waiting += other.waiting
        load.capacity += other.capacity
        return load
    }

    /// Whether the first recogniser is asked.
    public var state: CircuitBreaker.State { breaker.withLock { $0.state } }
    /// Whether there is a fall-back, and whether it has been started: nil for none.
    public var isFallbackStarted: Bool? { standIn.map { ($0.current?.load.ready ?? 0) > 0 } }
    /// What the fall-back did so far.
    public var statistics: Statistics { counts.withLock { $0 } }

    public func start() async throws { try await primary.start() }

    public func stop() async {
        isStopping.store(true, ordering: .releasing)
        await primary.stop()
        await standIn?.stop()
    }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        let permit = change { $0.admit(at: clock.monotonicNanoseconds) }
        let recognition = GuardedRecognition(request, observer: observer, owner: self, permit: permit)
        recognition.pump()
        return recognition
    }

    // MARK: - for recognitions

    var now: UInt64 { clock.monotonicNanoseconds }

    /// Who takes an utterance: whoever is permitted the first recogniser, else the fall-back; nil when neither can be asked.
    func recognizer(for permit: CircuitBreaker.Permit?) -> (any Recognizer)? { permit == nil ? standIn?.need() : primary }

    func succeeded(_ permit: CircuitBreaker.Permit?, finishedAt: UInt64?) {
        if let finishedAt { answered(clock.monotonicNanoseconds &- finishedAt) }
        if let permit { change { $0.succeeded(permit) } } else { counts.withLock { $0.finals += 1 } }
    }

    /// Takes note of a failure; returns whether the fall-back is to be tried.
    func failed(_ permit: CircuitBreaker.Permit?, _ error: SpeechError) -> Bool {
        guard let permit else {
            counts.withLock { $0.failures += 1 }
            return false
        }
        let isBroken = error.code == .recogniserFailed || error.code == .overloaded && primary.load.ready == 0
        guard isBroken else { return false }
        change { $0.failed(permit, at: clock.monotonicNanoseconds) }
        return standIn != nil
    }

    /// What the client of an utterance is told that the fall-back failed on with `error`.
    func explained(_ error: SpeechError?) -> SpeechError {
        if let error, error.code != .shuttingDown || isStopping.load(ordering: .acquiring) { return error }
        return SpeechError(
            .recogniserFailed, "The recogniser fails on all speech at the moment, so this utterance was not tried.",
            advice: "Repeat it in a moment; the server's log and /status say more.")
    }

    @discardableResult private func change<T>(_ body: (inout CircuitBreaker) -> T) -> T {
        let (result, from, to) = breaker.withLock { breaker in
            let from = breaker.state
            let result = body(&breaker)
            return (result, from, breaker.state)
        }
        if from != to {
            report(.breaker(from: from, to: to))
            // Whoever speaks next does not have to wait for it.
            if to == .open { _ = standIn?.need() }
        }
        return result
    }
}
