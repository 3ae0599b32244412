/// What `/health`, `/readyz` and `/status` tell. Read afresh at each request.
public struct ServerStatus: Sendable {
    /// Whether the models are warm and utterances are taken.
    public var isReady: Bool
    /// Why not, when not.
    public var notReadyBecause: String?
    public var version: String
    public var engine: String
    public var model: String
    public var uptimeSeconds: Double
    public var sessions: Int
    public var connections: Int
    public var decodersReady: Int
    public var decodersBusy: Int
    public var decodersCapacity: Int
    public var utterancesWaiting: Int
    public var workerRestarts: Int

    /// Makes a status.
    public init(
        isReady: Bool, notReadyBecause: String? = nil, version: String, engine: String, model: String, uptimeSeconds: Double,
        sessions: Int, connections: Int, decodersReady: Int, decodersBusy: Int, decodersCapacity: Int, utterancesWaiting: Int,
        workerRestarts: Int
    ) {
        self.isReady = isReady
        self.notReadyBecause = notReadyBecause
        self.version = version
        self.engine = engine
        self.model = model
        self.uptimeSeconds = uptimeSeconds
        self.sessions = sessions
        self.connections = connections
        self.decodersReady = decodersReady
        self.decodersBusy = decodersBusy
        self.decodersCapacity = decodersCapacity
        self.utterancesWaiting = utterancesWaiting
        self.workerRestarts = workerRestarts
    }
}
