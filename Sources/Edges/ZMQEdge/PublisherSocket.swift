import CZeroMQ
import Glibc
import SpeechModel

/// libzmq's side of a publisher: a context, an XPUB socket bound to an address, and a monitor of its connections.
///
/// XPUB is PUB that also tells which topics are subscribed to.
// @unchecked: libzmq allows a socket on one thread at a time. The maker's thread uses it while binding; then the publisher's
// thread alone, which is started once (pthread_create is the barrier that libzmq asks for). If there can be none, the maker
// closes it before anybody else knows it.
final class PublisherSocket: @unchecked Sendable {
    /// What subscribers did.
    enum Event {
        case joined
        case left
        case refused
        case subscribed([UInt8])
        case unsubscribed([UInt8])
    }

    /// A longer subscription ends its connection: what is no topic of ours is kept out of memory.
    static let maxSubscriptionBytes = 1024
    private typealias Handle = UnsafeMutableRawPointer
    private static let maxEventsAtOnce = 256
    private static let monitorAddress = "inproc://connections"
    private static let monitored =
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_DISCONNECTED

    /// The address with the port that was really taken, `tcp://127.0.0.1:6553`.
    let endpoint: String
    private let context: Handle
    private let socket: Handle
    private let monitor: Handle
    /// Refused connections whose disconnection has not been told yet.
    private var refusedPending = 0

    /// Binds.
    ///
    /// - Throws: ``SpeechError`` with `port-in-use` or `invalid-configuration`.
    init(_ settings: ZeroMQSettings) throws(SpeechError) {
        let address = try Self.address(settings)
        guard let context = zmq_ctx_new() else { throw ZeroMQError.settingUp("no context", zmq_errno()) }
        var opened: [Handle] = []
        do throws(SpeechError) {
            guard let socket = zmq_socket(context, ZMQ_XPUB) else { throw ZeroMQError.settingUp("no socket", zmq_errno()) }
            opened.append(socket)
            try Self.configure(socket, settings)
            // The monitor listens before the first connection can come.
            guard zmq_socket_monitor(socket, Self.monitorAddress, Self.monitored) == 0,
                let monitor = zmq_socket(context, ZMQ_PAIR)
            else { throw ZeroMQError.settingUp("no monitor", zmq_errno()) }
            opened.append(monitor)
            guard zmq_connect(monitor, Self.monitorAddress) == 0 else {
                throw ZeroMQError.settingUp("no monitor", zmq_errno())
            }
            guard zmq_bind(socket, address) == 0 else { throw ZeroMQError.binding(address, zmq_errno()) }
            endpoint = Self.boundEndpoint(of: socket)
            self.context = context
            self.socket = socket
            self.monitor = monitor
        } catch {
            for socket in opened { zmq_close(socket) }
            zmq_ctx_term(context)
            throw error
        }
    }

    /// Gives a message to ZeroMQ without waiting; false when it was not taken.
    func send(_ message: TopicMessage) -> Bool {
        // Both parts or none: the second of an accepted first one is never refused.
        send(message.topic, ZMQ_SNDMORE | ZMQ_DONTWAIT) && send(message.body, ZMQ_DONTWAIT)
    }

    // Copies. Lending the array saves the copy of some 500 bytes, but costs a block for the lease that another thread frees:
    // measured, it is not faster.
    private func send(_ part: [UInt8], _ flags: CInt) -> Bool {
        part.withUnsafeBytes { bytes in
            while true {
                if zmq_send(socket, bytes.baseAddress, bytes.count, flags) >= 0 { return true }
                if zmq_errno() != EINTR { return false }
            }
        }
    }

    /// Sleeps until a subscriber did something, `wakeup` is readable, or the time is over.
    func wait(wakeup: CInt, timeoutMS: Int) {
        var items = [
            zmq_pollitem_t(socket: socket, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
            zmq_pollitem_t(socket: monitor, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0),
            zmq_pollitem_t(socket: nil, fd: wakeup, events: Int16(ZMQ_POLLIN), revents: 0),
        ]
        // An interrupted wait is a short one.
        zmq_poll(&items, CInt(items.count), timeoutMS)
    }

    /// What subscribers did since the last call, up to a limit, so that nobody who subscribes without end holds up messages.
    func takeEvents(_ handle: (Event) -> Void) {
        for _ in 0..<Self.maxEventsAtOnce {
            guard let subscription = Self.receive(from: socket) else { break }
            switch subscription.first {
            case 1: handle(.subscribed(Array(subscription.dropFirst())))
            case 0: handle(.unsubscribed(Array(subscription.dropFirst())))
            default: break  // A peer may send anything; it is no subscription.
            }
        }
        for _ in 0..<Self.maxEventsAtOnce {
            guard let event = Self.receive(from: monitor) else { break }
            _ = Self.receive(from: monitor)  // The second part is the address.
            guard event.count >= 2 else { continue }
            switch CInt(event[0]) | CInt(event[1]) << 8 {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: handle(.joined)
            case ZMQ_EVENT_DISCONNECTED where refusedPending > 0: refusedPending -= 1
            case ZMQ_EVENT_DISCONNECTED: handle(.left)
            default:
                refusedPending += 1
                handle(.refused)
            }
        }
    }

    /// Closes; returns once every subscriber took what it was sent, but not later than after the linger time.
    func close() {
        zmq_socket_monitor(socket, nil, 0)
        zmq_close(monitor)
        zmq_close(socket)
        while zmq_ctx_term(context) != 0, zmq_errno() == EINTR {}
    }

    // MARK: - Setting up

    private static func address(_ settings: ZeroMQSettings) throws(SpeechError) -> String {
        guard let address = ZeroMQAddress.tcp(host: settings.host, port: settings.port) else {
            throw SpeechError(
                .invalidConfiguration, "A ZeroMQ publisher cannot listen on host “\(settings.host)”, port \(settings.port).",
                advice: "Give an address of this machine, for instance 127.0.0.1, and a port from 0 to 65535.")
        }
        return address
    }

    private static func configure(_ socket: Handle, _ settings: ZeroMQSettings) throws(SpeechError) {
        func set(_ option: CInt, _ value: Int) throws(SpeechError) {
            var value = CInt(clamping: value)
            guard zmq_setsockopt(socket, option, &value, MemoryLayout<CInt>.size) == 0 else {
                throw ZeroMQError.settingUp("option \(option)", zmq_errno())
            }
        }
        try set(ZMQ_SNDHWM, max(1, settings.highWaterMark))
        try set(ZMQ_LINGER, max(0, settings.lingerMS))
        if settings.host.contains(":") { try set(ZMQ_IPV6, 1) }
        // A subscriber whose machine went away is noticed after 60 + 3 × 10 s.
        try set(ZMQ_TCP_KEEPALIVE, 1)
        try set(ZMQ_TCP_KEEPALIVE_IDLE, 60)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, 10)
        try set(ZMQ_TCP_KEEPALIVE_CNT, 3)
        var limit = Int64(maxSubscriptionBytes)
        guard zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &limit, MemoryLayout<Int64>.size) == 0 else {
            throw ZeroMQError.settingUp("size limit", zmq_errno())
        }
        if let key = settings.secretKey {
            try set(ZMQ_CURVE_SERVER, 1)
            guard zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, key.z85.exposed, CurveSecretKey.length) == 0 else {
                throw ZeroMQError.settingUp("CURVE key", zmq_errno())
            }
        }
    }

    private static func boundEndpoint(of socket: Handle) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        var length = text.count
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &text, &length)
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func receive(from socket: Handle) -> [UInt8]? {
        var message = zmq_msg_t()
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        while zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) < 0 {
            if zmq_errno() != EINTR { return nil }
        }
        return Array(UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message)))
    }
}
