import Lanes
public import Ports
public import SpeechModel
import Synchronization

/// A supervised process with a model that does one job after another: it speaks, tells speakers apart, sets commas.
///
/// The pool keeps a job's request until it is done: when the process crashes or is stuck, it is replaced, and the job is done once more.
/// One that fails twice is given up. Others wait meanwhile, at most ``Configuration/maximumWaiting`` of them.
public final class JobPool: Sendable {
    /// How a pool is made.
    public struct Configuration: Sendable {
        /// The program that is run, and its arguments; last the model, which is named when the process ends over it.
        public var command: [String]
        /// The code with which jobs fail.
        public var failure: ErrorCode
        /// So many jobs may wait; one more fails at once with ``ErrorCode/overloaded``.
        public var maximumWaiting: Int
        /// A process that computes so long without a word, or does not compute, is taken for stuck.
        public var hangTimeoutMS: Int
        /// The process must have loaded its model within this time.
        public var loadTimeoutMS: Int

        /// Makes a configuration.
        public init(
            command: [String], failure: ErrorCode, maximumWaiting: Int = 64, hangTimeoutMS: Int = 60_000,
            loadTimeoutMS: Int = 180_000
        ) {
            self.command = command
            self.failure = failure
            self.maximumWaiting = maximumWaiting
            self.hangTimeoutMS = hangTimeoutMS
            self.loadTimeoutMS = loadTimeoutMS
        }
    }

    let supervisor: JobSupervisor

    /// Makes a pool; nothing runs until ``start()``.
    ///
    /// - Parameter report: hears of crashes, hangs and what the process prints; called on the pool's thread.
    public init(
        configuration: Configuration, clock: any Clock, report: @escaping @Sendable (WorkerIncident) -> Void = { _ in }
    ) {
        supervisor = JobSupervisor(configuration: configuration, clock: clock, report: report)
    }

    /// The process, when it is alive, so that an operator (and a test) can look at it.
    public var processID: Int32? { supervisor.processID.withLock { $0 } }

    /// Loads the model.
    ///
    /// - Returns: what the process tells of it.
    public func start() async throws -> [JobValue] {
        try await withCheckedThrowingContinuation { continuation in supervisor.start(continuation) }
    }

    /// Has a job done. When the task is cancelled the job is given up.
    ///
    /// - Parameter progress: hears how far it is, 0 to 1; called on the pool's thread.
    public func run(
        _ request: [JobValue], progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> [JobValue] {
        let job = Job(request, progress: progress)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                job.await(continuation)
                supervisor.post(.begin(job))
            }
        } onCancel: {
            job.end(.failure(CancellationError()))
            supervisor.post(.attend)
        }
    }

    /// Ends the process; jobs that are not done fail.
    public func stop() async {
        await withCheckedContinuation { continuation in supervisor.post(.stop(continuation)) }
    }
}

/// One job on its way.
final class Job: Sendable {
    private struct State {
        var continuation: CheckedContinuation<[JobValue], any Error>?
        var outcome: Result<[JobValue], any Error>?
    }

    let request: [JobValue]
    let progress: @Sendable (Double) -> Void
    private let state = Mutex(State())

    init(_ request: [JobValue], progress: @escaping @Sendable (Double) -> Void) {
        self.request = request
        self.progress = progress
    }

    /// Whether somebody still waits for it.
    var isWanted: Bool { state.withLock { $0.outcome == nil } }

    func await(_ continuation: CheckedContinuation<[JobValue], any Error>) {
        let outcome = state.withLock {
            if $0.outcome == nil { $0.continuation = continuation }
            return $0.outcome
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// The first outcome counts.
    func end(_ outcome: Result<[JobValue], any Error>) {
        let continuation = state.withLock {
            guard $0.outcome == nil else { return nil as CheckedContinuation<[JobValue], any Error>? }
            $0.outcome = outcome
            return $0.continuation.take()
        }
        continuation?.resume(with: outcome)
    }
}
