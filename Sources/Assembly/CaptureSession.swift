import Application
import CaptureEdge
import HTTPEdge
import Logging
import PipelineFeed
import SpeechModel
import SpeechPipeline
import Synchronization

/// The session of one source of the server's own: what comes from the source goes into it, for as long as the server runs.
final class CaptureSession: CaptureSink, SessionListener {
    /// Pieces of audio without a session after which another one is tried: a second or so.
    private static let patience = 50

    private struct State {
        var session: LiveSession?
        var connection = 0
        var format: AudioFormat?
        /// Why it is lost, while it is.
        var loss: SpeechError?
        var isHeard = false
        var piecesInVain = 0
    }

    private let name: String
    private let registry: SessionRegistry
    private let feed: any FeedPublisher
    private let metrics: SessionMetrics
    private let logger: Logger
    private let state = Mutex(State())
    private let hasRoom = Atomic<Bool>(true)
    private let hasEnded = Atomic<Bool>(false)

    init(name: String, registry: SessionRegistry, feed: any FeedPublisher, metrics: SessionMetrics, logger: Logger) {
        self.name = name
        self.registry = registry
        self.feed = feed
        self.metrics = metrics
        self.logger = logger
    }

    /// How the source is.
    var status: SourceStatus {
        state.withLock { state in
            SourceStatus(
                name: name, state: state.loss != nil ? .lost : state.isHeard ? .heard : state.format == nil ? .opening : .over,
                reason: state.loss?.message)
        }
    }

    /// The session, once the source was opened.
    var id: SessionID? { state.withLock { $0.session?.id } }

    // MARK: - from the source's thread

    func captureBegan(format: AudioFormat) {
        let (old, connection, goesOn) = state.withLock { state in
            let goesOn = state.session != nil && state.format == format
            let old = goesOn ? nil : state.session
            if !goesOn { state.session = nil }
            state.format = format
            let wasLost = state.loss != nil
            state.loss = nil
            state.isHeard = true
            return (old, state.connection, goesOn && wasLost ? state.session : nil)
        }
        // First detached: its end is not the new one's.
        old?.detach(connection)
        old?.end()
        goesOn?.hear(.back)
        if id == nil { begin() }
        logger.info("a source is heard", metadata: ["source": "\(name)", "sample_rate": "\(format.sampleRate)"])
    }

    func capture(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (session, connection) = state.withLock { ($0.session, $0.connection) }
        guard let session else {
            retry()
            return false
        }
        guard hasRoom.exchange(false, ordering: .acquiringAndReleasing) else { return false }
        // What is told meanwhile on the session's lane stands.
        if session.ingest(bytes, from: connection) { hasRoom.store(true, ordering: .releasing) }
        return true
    }

    func captureLost(_ error: SpeechError, retryInMS: Int?) {
        logger.warning(
            "a source is lost",
            metadata: ["source": "\(name)", "reason": "\(error)", "retry_in_ms": "\(retryInMS.map(String.init) ?? "never")"])
        let (session, connection, isNew) = state.withLock { state in
            defer {
                state.loss = error
                state.isHeard = false
            }
            return (state.session, state.connection, state.loss == nil)
        }
        guard isNew else { return }
        guard let session else {
            metrics.failed(.capture, error.code)
            return feed.publish(.failure(in: .capture, error, details: ["source": name]), of: nil)
        }
        // What was being said ends here, because what follows comes after a gap: silence that is longer than any that an utterance may
        // hold.
        let silence = [UInt8](repeating: 0, count: session.format.sampleRate * 11 / 2 * session.format.bytesPerFrame)
        _ = silence.withUnsafeBytes { session.ingest($0, from: connection) }
        session.hear(.lost(error))
    }

    func captureDropped(frames: Int) {
        logger.warning("audio was dropped", metadata: ["source": "\(name)", "frames": "\(frames)"])
        state.withLock { $0.session }?.hear(.dropped(frames: frames))
    }

    func captureEnded() {
        logger.info("a source is over", metadata: ["source": "\(name)"])
        state.withLock { $0.isHeard = false }
        end()
    }

    private func begin() {
        guard let format = state.withLock({ $0.format }) else { return }
        do throws(SpeechError) {
            let session = try registry.create(format: format, name: name)
            let connection = session.attach(self)
            hasRoom.store(true, ordering: .releasing)
            state.withLock {
                $0.session = session
                $0.connection = connection
            }
        } catch {
            logger.warning("a source has no session", metadata: ["source": "\(name)", "reason": "\(error)"])
        }
    }

    private func retry() {
        let isTime = state.withLock { state in
            state.piecesInVain += 1
            return state.piecesInVain % Self.patience == 0
        }
        if isTime { begin() }
    }

    // MARK: - the session

    /// Nothing more comes: what was said becomes final.
    func end(serverStops: Bool = false) { state.withLock { $0.session }?.end(serverStops: serverStops) }

    /// Whether everything was told.
    var isOver: Bool { hasEnded.load(ordering: .acquiring) || state.withLock { $0.session == nil } }

    func session(_ event: SessionEvent) {
        switch event {
        case .hasRoom: hasRoom.store(true, ordering: .releasing)
        case .ended:
            hasEnded.store(true, ordering: .releasing)
            let (session, connection) = state.withLock { ($0.session, $0.connection) }
            // So that the registry forgets it.
            session?.detach(connection)
        case .broken(let error):
            // Of a server that became the standby, the source is about to be closed.
            let level: Logger.Level = error.code == .notPrimary ? .info : .error
            logger.log(
                level: level, "a source's session is over", metadata: ["source": "\(name)", "reason": "\(error)"])
            let (session, connection) = state.withLock { state in
                defer { state.session = nil }
                return (state.session, state.connection)
            }
            session?.detach(connection)
        case .began, .transcript, .resumed, .replaced: break
        }
    }
}
