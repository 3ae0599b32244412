import Glibc
import Lanes
public import Ports
import SpeechModel
import Synchronization

/// A ``Recognizer`` made of supervised child processes: one decoder each, or one process with a model that decodes many utterances at once.
///
/// A decoder is leased to an utterance from its first sample to its final hypothesis. The pool keeps the utterance's audio until then:
/// when the process crashes or is silent for ``Configuration/hangTimeoutMS``, it is killed, replaced, and the utterance is decoded once
/// more from its beginning. An utterance that fails twice is given up with ``ErrorCode/recogniserFailed``.
///
/// All supervision runs on one thread of its own; sessions write audio to their worker directly, without a hop.
public final class WorkerPool: Recognizer {
    /// How a pool is made.
    public struct Configuration: Sendable {
        /// The program that is run for a template, and its arguments.
        public var command: [String]
        /// Decoders to keep warm, ≥1.
        public var decoders: Int
        /// An utterance waits so long for a free decoder, then fails with ``ErrorCode/overloaded``; nil waits for ever.
        public var waitForDecoderMS: Int?
        /// So many utterances may wait for a decoder; one more fails at once with ``ErrorCode/overloaded``. Nil sets no limit.
        public var maximumWaiting: Int?
        /// A worker that owes an answer and says nothing for so long is taken for stuck.
        public var hangTimeoutMS: Int
        /// The template must have loaded its model within this time.
        public var loadTimeoutMS: Int
        /// Whether one process holds one model for all decoders (``BatchWorkerProcess``), or each is a process of its own (``WorkerProcess``).
        public var sharesProcess: Bool
        /// Whether there are no more decoders than the process keeps up with, as it measures when it starts: more would only make
        /// everybody late.
        public var measuresDecoders: Bool

        /// Makes a configuration.
        public init(
            command: [String], decoders: Int, waitForDecoderMS: Int? = 2000, maximumWaiting: Int? = nil,
            hangTimeoutMS: Int = 2000, loadTimeoutMS: Int = 60_000, sharesProcess: Bool = false, measuresDecoders: Bool = false
        ) {
            self.command = command
            self.decoders = max(1, decoders)
            self.waitForDecoderMS = waitForDecoderMS
            self.maximumWaiting = maximumWaiting
            self.hangTimeoutMS = hangTimeoutMS
            self.loadTimeoutMS = loadTimeoutMS
            self.sharesProcess = sharesProcess
            self.measuresDecoders = measuresDecoders
        }
    }

    /// What happened since the start, for metrics.
    public struct Statistics: Sendable, Hashable {
        /// Decoder processes that ended without being asked to.
        public var crashes = 0
        /// Decoder processes that were killed because they were stuck.
        public var hangs = 0
        /// Utterances that were decoded again after that.
        public var replays = 0
        /// Utterances that were given up.
        public var failures = 0
        /// Templates that were started.
        public var templates = 0

        /// Nothing happened yet.
        public init() {}
    }

    public let identity: RecognizerIdentity
    let supervisor: Supervisor

    /// Makes a pool; nothing runs until ``start()``.
    ///
    /// - Parameters:
    ///   - report: hears of crashes, hangs and what workers print; called on the pool's thread.
    ///   - stepped: hears of the steps of a process that decoders share, on that thread, too.
    public init(
        identity: RecognizerIdentity, configuration: Configuration, clock: any Clock,
        report: @escaping @Sendable (WorkerIncident) -> Void = { _ in },
        stepped: @escaping @Sendable (ModelStep) -> Void = { _ in }
    ) {
        self.identity = identity
        supervisor = Supervisor(configuration: configuration, clock: clock, report: report, stepped: stepped)
    }

    public var load: RecognizerLoad { supervisor.published.withLock { $0.load } }
    /// What happened so far.
    public var statistics: Statistics { supervisor.published.withLock { $0.statistics } }
    /// The decoder processes that are alive, so that an operator (and a test) can look at them.
    public var processIDs: [Int32] { supervisor.published.withLock { $0.processIDs } }

    public func start() async throws {
        try await withCheckedThrowingContinuation { continuation in supervisor.start(continuation) }
    }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        let lease = Lease(request: request, observer: observer, supervisor: supervisor)
        supervisor.post(.begin(lease))
        return lease
    }

    public func stop() async {
        await withCheckedContinuation { continuation in supervisor.post(.stop(continuation)) }
    }
}

/// A step of a model that several utterances share.
public struct ModelStep: Sendable, Hashable {
    /// How many were taken along.
    public var utterances: Int
    /// How long it took.
    public var microseconds: Int
}

/// Something that an operator wants to read in the log.
public enum WorkerIncident: Sendable {
    /// A decoder process ended by itself.
    case crashed(processID: Int32)
    /// A decoder process was killed because it was stuck.
    case hung(processID: Int32)
    /// The template ended and is started again after so many milliseconds.
    case templateEnded(retryInMS: Int, reason: String)
    /// A line that a worker printed.
    case printed(String)
}
