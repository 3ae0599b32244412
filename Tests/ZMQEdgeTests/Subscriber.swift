import CZeroMQ
import Glibc
import SpeechModel
import ZMQEdge

/// A SUB socket on the test's own thread.
final class Subscriber {
    private let context = zmq_ctx_new()
    private let socket: UnsafeMutableRawPointer?
    private var isClosed = false

    /// Subscribes to `topics` and connects; with both keys given, with CURVE.
    init(
        _ endpoint: String, topics: [String] = [""], highWaterMark: CInt? = nil, receiveBuffer: CInt? = nil,
        serverKey: String? = nil
    ) {
        socket = zmq_socket(context, ZMQ_SUB)
        func set(_ option: CInt, _ value: CInt) {
            var value = value
            precondition(zmq_setsockopt(socket, option, &value, MemoryLayout<CInt>.size) == 0)
        }
        set(ZMQ_LINGER, 0)
        if let highWaterMark { set(ZMQ_RCVHWM, highWaterMark) }
        if let receiveBuffer { set(ZMQ_RCVBUF, receiveBuffer) }
        if let serverKey {
            var publicKey = [CChar](repeating: 0, count: 41)
            var secretKey = publicKey
            precondition(zmq_curve_keypair(&publicKey, &secretKey) == 0)
            precondition(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, serverKey, 40) == 0)
            precondition(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, publicKey, 40) == 0)
            precondition(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secretKey, 40) == 0)
        }
        for topic in topics { precondition(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, topic.utf8.count) == 0) }
        precondition(zmq_connect(socket, endpoint) == 0)
    }

    deinit { close() }

    /// The next message's parts, or nil when none came in time.
    func receive(withinMS timeout: CInt = 10_000) -> [String]? {
        var timeout = timeout
        zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, MemoryLayout<CInt>.size)
        var parts: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = zmq_recv(socket, &buffer, buffer.count, 0)
            guard count >= 0 else { return nil }
            parts.append(String(decoding: buffer.prefix(Int(count)), as: UTF8.self))
            var more: CInt = 0
            var size = MemoryLayout<CInt>.size
            zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size)
            if more == 0 { return parts }
        }
    }

    /// The bodies of messages up to one whose body is `end`, or up to the first long silence.
    func bodies(until end: String) -> [String] {
        var bodies: [String] = []
        while let message = receive(), message.count == 2, message[1] != end { bodies.append(message[1]) }
        return bodies
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        zmq_close(socket)
        zmq_ctx_term(context)
    }
}

extension ZeroMQPublisher {
    /// A running publisher on a free port of the loopback interface.
    static func running(highWaterMark: Int = 1000, queueCapacity: Int? = nil, secretKey: CurveSecretKey? = nil) throws
        -> ZeroMQPublisher
    {
        let publisher = try ZeroMQPublisher(
            ZeroMQSettings(
                host: "127.0.0.1", port: 0, highWaterMark: highWaterMark, queueCapacity: queueCapacity, secretKey: secretKey))
        publisher.start()
        return publisher
    }

    func publish(_ topic: String, _ body: String) { publish(topic: Array(topic.utf8), body: Array(body.utf8)) }

    func hasSubscriber(to topic: String) async -> Bool { await hasSubscriber(to: Array(topic.utf8), within: .seconds(10)) }

    /// Waits until the counters are as wished; false after ten seconds.
    func reaches(_ isDone: (PublisherCounters) -> Bool) async -> Bool {
        for _ in 0..<1000 {
            if isDone(counters) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return isDone(counters)
    }
}
