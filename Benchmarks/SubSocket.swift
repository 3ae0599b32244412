import CZeroMQ
import Foundation
import SpeechModel

/// A ZeroMQ subscriber to everything, without a high-water mark: what is missing was never sent. One thread at a time.
final class SubSocket {
    private let context: UnsafeMutableRawPointer?
    private let socket: UnsafeMutableRawPointer?
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Connects to all of `endpoints`; in a context of its own unless it shares one, as it must for `inproc`.
    init(_ endpoints: [String], sharing shared: UnsafeMutableRawPointer? = nil) throws {
        context = shared == nil ? zmq_ctx_new() : nil
        socket = zmq_socket(shared ?? context, ZMQ_SUB)
        setOption(socket, ZMQ_RCVHWM, 0)
        setOption(socket, ZMQ_LINGER, 0)
        zmq_setsockopt(socket, ZMQ_SUBSCRIBE, nil, 0)
        for endpoint in endpoints where zmq_connect(socket, endpoint) != 0 { throw zeroMQFailure("connect to \(endpoint)") }
    }

    /// Waits for a message of two parts, at most so long (-1: for ever); `body` gets its parts, which it may not keep.
    func receive(waitMS: CInt, _ body: (_ topic: ArraySlice<UInt8>, _ body: ArraySlice<UInt8>) -> Void) -> Bool {
        setOption(socket, ZMQ_RCVTIMEO, waitMS)
        let topic = Int(zmq_recv(socket, &buffer, 256, 0))
        guard topic >= 0 else { return false }
        let payload = buffer.withUnsafeMutableBytes { zmq_recv(socket, $0.baseAddress! + 256, $0.count - 256, 0) }
        body(buffer[..<min(topic, 256)], buffer[256..<256 + max(0, Int(payload))])
        return true
    }

    func close() {
        zmq_close(socket)
        if let context { zmq_ctx_term(context) }
    }
}

/// A bare libzmq publisher, for comparison: no queue in front, no thread, no counters. One thread at a time.
final class BarePublisher {
    let context = zmq_ctx_new()
    let endpoint: String
    private let socket: UnsafeMutableRawPointer?

    /// Binds `address`, for instance `tcp://127.0.0.1:*`; without a high-water mark.
    init(_ address: String) throws {
        // PUB that also tells of subscriptions.
        socket = zmq_socket(context, ZMQ_XPUB)
        setOption(socket, ZMQ_SNDHWM, 0)
        guard zmq_bind(socket, address) == 0 else { throw zeroMQFailure("bind \(address)") }
        var text = [UInt8](repeating: 0, count: 256)
        var length = text.count
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &text, &length)
        endpoint = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Waits until somebody is subscribed: what is sent before is lost.
    func waitForSubscriber() throws {
        setOption(socket, ZMQ_RCVTIMEO, 10_000)
        var byte: UInt8 = 0
        guard zmq_recv(socket, &byte, 1, 0) > 0 else { throw zeroMQFailure("wait for a subscriber") }
    }

    func send(topic: [UInt8], body: [UInt8]) {
        _ = topic.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, ZMQ_SNDMORE) }
        _ = body.withUnsafeBytes { zmq_send(socket, $0.baseAddress, $0.count, 0) }
    }

    /// Closes, once everything was taken; sockets that share the context have to be closed before.
    func close() {
        zmq_close(socket)
        zmq_ctx_term(context)
    }
}

private func setOption(_ socket: UnsafeMutableRawPointer?, _ option: CInt, _ value: CInt) {
    var value = value
    zmq_setsockopt(socket, option, &value, MemoryLayout<CInt>.size)
}

private func zeroMQFailure(_ what: String) -> SpeechError {
    SpeechError(
        .connectionFailed, "ZeroMQ could not \(what): \(String(cString: zmq_strerror(zmq_errno()))).",
        advice: "Is the port free, and is the server there?")
}
