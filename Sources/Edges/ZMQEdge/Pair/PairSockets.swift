import CZeroMQ
import Failover
import Glibc
import Lanes
import SpeechModel

/// One socket of ``PairSockets``.
// @unchecked: only an address; what it stands for is used as PairSockets says.
struct PairSocket: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
}

/// libzmq's side of what the two nodes of a pair and their witness say to each other: sockets that only whoever has the pair's key can use.
///
/// One secret key is everybody's, as a server and as a client (CURVE, ZeroMQ RFC 26). A listening socket asks, over libzmq's own
/// authentication protocol (ZAP, RFC 27), whether a client's key is the pair's public key: who does not know the secret cannot have it.
// @unchecked: libzmq allows a socket on one thread at a time. The maker's thread uses them first; then one other thread alone, after a
// barrier that is full (pthread_create or a mutex).
final class PairSockets: @unchecked Sendable {
    /// What is not on its way this long after a socket was closed is lost.
    private static let lingerMS = 200
    private static let domain = "mynah"
    private static let handshakes = "inproc://handshakes"

    private let key: CurveSecretKey
    private let publicKey: [UInt8]
    private let maxFrameBytes: Int
    private let context: UnsafeMutableRawPointer
    private var open: [PairSocket] = []
    /// Where libzmq asks who is admitted; made with the first listening socket.
    private var gate: PairSocket?
    /// Tells which handshakes failed; made with the first listening socket.
    private var monitor: PairSocket?
    /// Clients that were turned away: at the gate, or because their own key of the server is another one.
    private(set) var refusals = 0

    init(key: CurveSecretKey, maxFrameBytes: Int) throws(SpeechError) {
        self.key = key
        self.maxFrameBytes = maxFrameBytes
        var bytes = [UInt8](repeating: 0, count: 32)
        guard zmq_z85_decode(&bytes, key.publicKey) != nil else { throw ZeroMQError.settingUp("public key", zmq_errno()) }
        publicKey = bytes
        guard let context = zmq_ctx_new() else { throw ZeroMQError.settingUp("no context", zmq_errno()) }
        self.context = context
        // Heartbeats pass libzmq's own thread; an ordinary one came too late for them while decoders had the processor.
        if threadsMayBeUrgent {
            zmq_ctx_set(context, ZMQ_THREAD_SCHED_POLICY, SCHED_RR)
            zmq_ctx_set(context, ZMQ_THREAD_PRIORITY, 1)
        }
    }

    // MARK: - Setting up

    /// A socket that listens at `tcp://host:port`. It receives `[client, frame]`, and sends the same to answer.
    ///
    /// - Throws: ``SpeechError`` with `port-in-use` or `invalid-configuration`.
    func listen(_ address: String) throws(SpeechError) -> PairSocket {
        if gate == nil {
            let gate = try socket(ZMQ_REP)
            guard zmq_bind(gate.handle, "inproc://zeromq.zap.01") == 0 else { throw ZeroMQError.settingUp("no ZAP", zmq_errno()) }
            self.gate = gate
        }
        let listener = try socket(ZMQ_ROUTER)
        try set(listener, ZMQ_CURVE_SERVER, 1)
        try set(listener, ZMQ_CURVE_SECRETKEY, key.z85.exposed)
        try set(listener, ZMQ_ZAP_DOMAIN, Self.domain)
        try configure(listener, address)
        if monitor == nil {
            let monitor = try socket(ZMQ_PAIR)
            guard zmq_socket_monitor(listener.handle, Self.handshakes, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) == 0,
                zmq_connect(monitor.handle, Self.handshakes) == 0
            else { throw ZeroMQError.settingUp("no monitor", zmq_errno()) }
            self.monitor = monitor
        }
        guard zmq_bind(listener.handle, address) == 0 else { throw ZeroMQError.binding(address, zmq_errno()) }
        return listener
    }

    /// A socket that connects to a listening one, again and again when it must. What is sent while there is no connection is refused.
    func connect(_ address: String) throws(SpeechError) -> PairSocket {
        let client = try socket(ZMQ_DEALER)
        try set(client, ZMQ_CURVE_SERVERKEY, key.publicKey)
        try set(client, ZMQ_CURVE_PUBLICKEY, key.publicKey)
        try set(client, ZMQ_CURVE_SECRETKEY, key.z85.exposed)
        try set(client, ZMQ_IMMEDIATE, 1)
        try set(client, ZMQ_CONNECT_TIMEOUT, 500)
        try set(client, ZMQ_RECONNECT_IVL, 50)
        try configure(client, address)
        guard zmq_connect(client.handle, address) == 0 else {
            throw SpeechError(
                .invalidConfiguration, "\(address) cannot be connected to: \(ZeroMQError.text(zmq_errno())).",
                advice: "Give the address of the other machine, for instance tcp://10.0.0.2:7554.")
        }
        return client
    }

    /// The address at which a socket listens, with the port that was really taken.
    func endpoint(of listener: PairSocket) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        var length = text.count
        zmq_getsockopt(listener.handle, ZMQ_LAST_ENDPOINT, &text, &length)
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }

    private func socket(_ type: CInt) throws(SpeechError) -> PairSocket {
        guard let handle = zmq_socket(context, type) else { throw ZeroMQError.settingUp("no socket", zmq_errno()) }
        let socket = PairSocket(handle: handle)
        open.append(socket)
        try set(socket, ZMQ_LINGER, Self.lingerMS)
        return socket
    }

    private func configure(_ socket: PairSocket, _ address: String) throws(SpeechError) {
        if address.contains("[") { try set(socket, ZMQ_IPV6, 1) }
        // A connection that says nothing is given up and made anew: TCP itself would wait for minutes.
        try set(socket, ZMQ_HEARTBEAT_IVL, 200)
        try set(socket, ZMQ_HEARTBEAT_TIMEOUT, 600)
        try set(socket, ZMQ_HANDSHAKE_IVL, 1000)
        try set(socket, ZMQ_SNDHWM, 20_000)
        try set(socket, ZMQ_RCVHWM, 20_000)
        // Encrypted, a frame is some 33 bytes longer (RFC 26).
        var limit = Int64(maxFrameBytes + 256)
        guard zmq_setsockopt(socket.handle, ZMQ_MAXMSGSIZE, &limit, MemoryLayout<Int64>.size) == 0 else {
            throw ZeroMQError.settingUp("size limit", zmq_errno())
        }
    }

    private func set(_ socket: PairSocket, _ option: CInt, _ value: Int) throws(SpeechError) {
        var value = CInt(value)
        guard zmq_setsockopt(socket.handle, option, &value, MemoryLayout<CInt>.size) == 0 else {
            throw ZeroMQError.settingUp("option \(option)", zmq_errno())
        }
    }

    private func set(_ socket: PairSocket, _ option: CInt, _ text: String) throws(SpeechError) {
        guard zmq_setsockopt(socket.handle, option, text, text.utf8.count) == 0 else {
            throw ZeroMQError.settingUp("option \(option)", zmq_errno())
        }
    }

    // MARK: - Use

    /// Sleeps until one of the sockets, or the event descriptor, is readable, at most so long (−1: without end). Admits clients meanwhile.
    func wait(_ sockets: [PairSocket], wakeup: CInt = -1, timeoutMS: Int = -1) {
        var items = (sockets + [gate, monitor].compactMap { $0 }).map {
            zmq_pollitem_t(socket: $0.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
        }
        if wakeup >= 0 { items.append(zmq_pollitem_t(socket: nil, fd: wakeup, events: Int16(ZMQ_POLLIN), revents: 0)) }
        // An interrupted wait is a short one.
        zmq_poll(&items, CInt(items.count), timeoutMS)
        admit()
    }

    /// The next message's parts, or nil.
    func receive(from socket: PairSocket) -> [[UInt8]]? {
        var parts: [[UInt8]] = []
        while true {
            var message = zmq_msg_t()
            zmq_msg_init(&message)
            defer { zmq_msg_close(&message) }
            while zmq_msg_recv(&message, socket.handle, ZMQ_DONTWAIT) < 0 {
                if zmq_errno() != EINTR { return nil }
            }
            // More parts than anybody of ours sends are read and forgotten.
            if parts.count < 8 {
                parts.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message))))
            }
            if zmq_msg_more(&message) == 0 { return parts }
        }
    }

    /// Sends without waiting; false when there is no connection, or no room.
    func send(_ parts: [[UInt8]], to socket: PairSocket) -> Bool {
        for (index, part) in parts.enumerated() {
            let flags = ZMQ_DONTWAIT | (index + 1 < parts.count ? ZMQ_SNDMORE : 0)
            while part.withUnsafeBytes({ zmq_send(socket.handle, $0.baseAddress, $0.count, flags) }) < 0 {
                if zmq_errno() != EINTR { return false }
            }
        }
        return true
    }

    func close(_ socket: PairSocket) {
        open.removeAll { $0.handle == socket.handle }
        zmq_close(socket.handle)
    }

    /// Closes everything; returns when what was sent is on its way, or after a moment.
    func close() {
        for socket in open { zmq_close(socket.handle) }
        open = []
        while zmq_ctx_term(context) != 0, zmq_errno() == EINTR {}
    }

    private func admit() {
        // An event is its number and a value, in the machine's order of bytes; the second part is the address.
        while let monitor, let event = receive(from: monitor) {
            let value = event[0].dropFirst(2).reversed().reduce(0) { $0 << 8 | CInt($1) }
            if value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC { refusals += 1 }
        }
        guard let gate else { return }
        while let request = receive(from: gate) {
            // RFC 27: version, request id, domain, address, identity, mechanism, then the client's public key.
            let isAdmitted = request.count == 7 && request[5] == Array("CURVE".utf8) && request[6] == publicKey
            if !isAdmitted { refusals += 1 }
            let reply = [Array("1.0".utf8), request.count > 1 ? request[1] : []]
            let verdict = isAdmitted ? ["200", "OK", "", ""] : ["400", "This key is not the pair's", "", ""]
            _ = send(reply + verdict.map { Array($0.utf8) }, to: gate)
        }
    }
}
