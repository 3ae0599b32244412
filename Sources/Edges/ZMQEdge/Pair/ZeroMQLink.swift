public import Failover
import Glibc
import Lanes
public import SpeechModel

/// The ``PeerLink`` of two nodes over TCP, encrypted, and authenticated both ways by one key that both have.
///
/// Each node listens, and connects to the other; what it sends takes its own connection. So it does not matter who leads. A broken connection
/// is made anew within about 50 ms of the other's return; what was on its way is lost, as the ``PeerLink`` says.
public final class ZeroMQLink: PeerLink {
    /// Frames and bytes that wait for the link's thread; what comes beyond is dropped, and the nodes notice.
    private static let maxWaitingBytes = 32 << 20
    private static let maxWaitingFrames = 20_000
    /// Frames taken in before others go out.
    private static let batch = 256

    private enum Phase { case made, running, stopping, stopped }

    private struct State: Sendable {
        var phase = Phase.made
        var waiting: [[UInt8]] = []
        var waitingBytes = 0
        /// The thread sleeps, or is about to: whoever gives it work has to wake it.
        var isIdle = false
        var counters = LinkCounters()
        var stops: [CheckedContinuation<Void, Never>] = []
    }

    /// The address at which the other node reaches this one, with the port that was really taken.
    public let endpoint: String
    private let sockets: PairSockets
    private let listener: PairSocket
    private let peer: PairSocket
    private let wakeup: EventDescriptor
    private let state = Locked(State())

    /// Binds, and begins to connect.
    ///
    /// - Parameters:
    ///   - address: where this node listens, `tcp://HOST:PORT`; port 0 for any free one.
    ///   - peer: where the other node listens.
    ///   - key: the secret of the pair.
    /// - Throws: ``SpeechError`` with `port-in-use` or `invalid-configuration`.
    public init(listen address: String, peer: String, key: CurveSecretKey) throws(SpeechError) {
        let (address, peer) = (try ZeroMQAddress.tcp(address), try ZeroMQAddress.tcp(peer))
        let wakeup = try EventDescriptor()
        let sockets = try PairSockets(key: key, maxFrameBytes: LinkMessage.maxFrameBytes)
        do throws(SpeechError) {
            listener = try sockets.listen(address)
            self.peer = try sockets.connect(peer)
        } catch {
            sockets.close()
            throw error
        }
        endpoint = sockets.endpoint(of: listener)
        self.sockets = sockets
        self.wakeup = wakeup
    }

    // MARK: - Any thread

    /// What was done so far.
    public var counters: LinkCounters { state.withLock { $0.counters } }

    public func start(receive: @escaping @Sendable ([UInt8]) -> Void, refused: @escaping @Sendable () -> Void) {
        let isFirst = state.withLock { state in
            guard state.phase == .made else { return false }
            state.phase = .running
            return true
        }
        if isFirst { spawnThread(name: "link", isUrgent: true) { self.run(receive, refused) } }
    }

    public func send(_ frame: [UInt8]) {
        let mustWake = state.withLock { state in
            guard state.phase == .running, state.waiting.count < Self.maxWaitingFrames,
                state.waitingBytes + frame.count <= Self.maxWaitingBytes
            else {
                state.counters.dropped += 1
                return false
            }
            state.waiting.append(frame)
            state.waitingBytes += frame.count
            defer { state.isIdle = false }
            return state.isIdle
        }
        if mustWake { wakeup.raise() }
    }

    public func stop() async {
        await withCheckedContinuation { continuation in
            let phase = state.withLock { state in
                let phase = state.phase
                if phase == .made { state.phase = .stopped }
                if phase == .running { state.phase = .stopping }
                if phase == .running || phase == .stopping { state.stops.append(continuation) }
                return phase
            }
            if phase == .made { sockets.close() }
            if phase == .made || phase == .stopped { continuation.resume() } else { wakeup.raise() }
        }
    }

    // MARK: - The link's thread

    private func run(_ receive: @Sendable ([UInt8]) -> Void, _ refused: @Sendable () -> Void) {
        var refusals = 0
        while true {
            if refusals < sockets.refusals { refused() }
            refusals = sockets.refusals
            var received = 0
            while received < Self.batch, let message = sockets.receive(from: listener) {
                received += 1
                if message.count == 2 { receive(message[1]) }
            }
            let (frames, isOver) = state.withLock { state in
                defer { (state.waiting, state.waitingBytes) = ([], 0) }
                state.isIdle = state.waiting.isEmpty && received < Self.batch
                state.counters.received += received
                state.counters.refused = sockets.refusals
                return (state.waiting, state.phase == .stopping)
            }
            let sent = frames.count { sockets.send([$0], to: peer) }
            if !frames.isEmpty {
                state.withLock { state in
                    state.counters.sent += sent
                    state.counters.dropped += frames.count - sent
                }
            }
            if isOver { break }
            // With something done there may be more to do; who comes is admitted either way.
            let isBusy = !frames.isEmpty || received == Self.batch
            sockets.wait([listener], wakeup: wakeup.descriptor, timeoutMS: isBusy ? 0 : -1)
            wakeup.lower()
            state.withLock { $0.isIdle = false }
        }
        sockets.close()
        let stops = state.withLock { state in
            state.phase = .stopped
            defer { state.stops = [] }
            return state.stops
        }
        for stop in stops { stop.resume() }
    }
}
