public import Failover
public import WireProtocol

/// What `/health`, `/readyz` and `/status` tell. Read afresh at each request.
public struct ServerStatus: Sendable {
    /// Whether the models are warm and utterances are taken.
    public var isReady: Bool { pipeline.isHealthy }
    /// What `/readyz` says.
    enum Readiness: String {
        case ready
        /// Healthy, and nobody should be sent to it.
        case standby
        case notReady = "not-ready"
    }

    /// Whether clients are to be sent here, and why not.
    var readiness: (Readiness, reason: String?) {
        guard isReady else { return (.notReady, notReadyBecause) }
        guard pipeline.role == .standby else { return (.ready, nil) }
        return switch pair?.leader {
        case .nobody: (.notReady, "nobody leads: start the server that led last, or force this one (mynah failover --force)")
        case .unknown: (.standby, "no server is known to answer at the moment")
        default: (.standby, "the other server answers")
        }
    }
    /// What the contract tells of the pipeline.
    public var pipeline: StatusMessage
    /// What was published.
    public var feed: FeedStatistics
    /// Why not, when not.
    public var notReadyBecause: String?
    /// How this server and the other one stand; nil for a server by itself.
    public var pair: FailoverStatus?
    /// The server's own microphones and recordings that are open.
    public var sources: [SourceStatus]
    public var version: String
    public var engine: String
    public var model: String
    public var sessions: Int
    public var connections: Int
    public var decodersReady: Int
    public var decodersBusy: Int
    public var decodersCapacity: Int
    public var utterancesWaiting: Int
    public var workerRestarts: Int
    public var resilience: ResilienceStatus

    /// Makes a status.
    public init(
        pipeline: StatusMessage, feed: FeedStatistics, notReadyBecause: String? = nil, pair: FailoverStatus? = nil,
        sources: [SourceStatus] = [], version: String,
        engine: String, model: String, sessions: Int, connections: Int, decodersReady: Int, decodersBusy: Int,
        decodersCapacity: Int, utterancesWaiting: Int,
        workerRestarts: Int, resilience: ResilienceStatus
    ) {
        self.pipeline = pipeline
        self.feed = feed
        self.notReadyBecause = notReadyBecause
        self.pair = pair
        self.sources = sources
        self.version = version
        self.engine = engine
        self.model = model
        self.sessions = sessions
        self.connections = connections
        self.decodersReady = decodersReady
        self.decodersBusy = decodersBusy
        self.decodersCapacity = decodersCapacity
        self.utterancesWaiting = utterancesWaiting
        self.workerRestarts = workerRestarts
        self.resilience = resilience
    }
}

/// How a microphone or recording of the server's own is.
public struct SourceStatus: Sendable {
    public enum State: String, Sendable {
        /// It was not opened yet.
        case opening
        case heard
        /// It failed, and is opened again and again.
        case lost
        /// Nothing more comes from it.
        case over
    }

    public var name: String
    public var state: State
    /// Why it is lost.
    public var reason: String?

    /// Describes a source.
    public init(name: String, state: State, reason: String? = nil) {
        self.name = name
        self.state = state
        self.reason = reason
    }
}

/// What keeps a fault of one part from the others, and how often it had to.
public struct ResilienceStatus: Sendable {
    /// One that stands in.
    public struct Fallback: Sendable {
        public var engine: String
        /// `closed`, `half_open` or `open`.
        public var circuitBreaker: String
        public var isStarted: Bool
        public var finals: Int

        /// Makes a status.
        public init(engine: String, circuitBreaker: String, isStarted: Bool, finals: Int) {
            self.engine = engine
            self.circuitBreaker = circuitBreaker
            self.isStarted = isStarted
            self.finals = finals
        }
    }

    /// `closed`, `half_open` or `open`.
    public var circuitBreaker: String
    /// `none`, `idle` or `started`.
    public var fallback: String
    /// Those that stand in, in their order.
    public var fallbacks: [Fallback]
    public var stuckStages: Int
    public var sessionsRefused: Int

    /// Makes a status.
    public init(
        circuitBreaker: String, fallback: String, fallbacks: [Fallback], stuckStages: Int, sessionsRefused: Int
    ) {
        self.circuitBreaker = circuitBreaker
        self.fallback = fallback
        self.fallbacks = fallbacks
        self.stuckStages = stuckStages
        self.sessionsRefused = sessionsRefused
    }
}
