import CZeroMQ
import Failover
import Lanes
import SpeechModel
import Testing
import ZMQEdge

@Suite("The link of two nodes", .serialized) struct ZeroMQLinkTests {
    private let key: CurveSecretKey

    init() throws { key = try .make() }

    /// Two links that know each other.
    private func pair(_ secondKey: CurveSecretKey? = nil) throws -> (ZeroMQLink, ZeroMQLink) {
        let port = freePort()
        let first = try ZeroMQLink(listen: "tcp://127.0.0.1:0", peer: "127.0.0.1:\(port)", key: key)
        return (first, try ZeroMQLink(listen: "127.0.0.1:\(port)", peer: first.endpoint, key: secondKey ?? key))
    }

    /// Waits until frames of one arrive at the other, and removes what was sent for that.
    private func isConnected(_ link: ZeroMQLink, _ received: Received) async -> Bool {
        await eventually {
            link.send(Array("?".utf8))
            return !received.all.isEmpty
        }
    }

    private func numbers(_ received: Received) -> [Int] { received.all.compactMap { Int(String(decoding: $0, as: UTF8.self)) } }

    @Test("carries frames both ways, in order, of up to the longest")
    func both() async throws {
        let (a, b) = try pair()
        let (atA, atB) = (Received(), Received())
        a.start { atA.take($0) }
        // Answers come from the link's own thread.
        b.start {
            atB.take($0)
            b.send($0)
        }
        #expect(await isConnected(a, atB))
        #expect(await isConnected(b, atA))
        for number in 0..<5000 { a.send(Array("\(number)".utf8)) }
        let long = [UInt8](repeating: 7, count: LinkMessage.maxFrameBytes)
        a.send(long)
        #expect(await eventually { atA.all.last == long })
        #expect(numbers(atB) == Array(0..<5000) && numbers(atA) == Array(0..<5000))
        await a.stop()
        await b.stop()
    }

    @Test("sends what was given to it right before its stop")
    func last() async throws {
        let (a, b) = try pair()
        let atB = Received()
        a.start { _ in }
        b.start { atB.take($0) }
        #expect(await isConnected(a, atB))
        a.send(Array("1".utf8))
        await a.stop()
        #expect(await eventually { numbers(atB) == [1] })
        await b.stop()
    }

    @Test("finds the other node again after its restart")
    func restart() async throws {
        let (a, b) = try pair()
        let (first, second) = (Received(), Received())
        a.start { _ in }
        b.start { first.take($0) }
        #expect(await isConnected(a, first))
        await b.stop()
        let again = try ZeroMQLink(listen: b.endpoint, peer: a.endpoint, key: key)
        again.start { second.take($0) }
        #expect(await isConnected(a, second))
        await a.stop()
        await again.stop()
    }

    @Test("does not hold up whoever sends to nobody, and keeps nothing for later")
    func alone() async throws {
        let a = try ZeroMQLink(listen: "127.0.0.1:0", peer: "127.0.0.1:\(freePort())", key: key)
        a.start { _ in }
        for _ in 0..<50_000 { a.send([1, 2, 3]) }
        #expect(await eventually { a.counters.dropped == 50_000 })
        #expect(a.counters.sent == 0)
        await a.stop()
        await a.stop()
    }

    @Test("takes nothing from a node with another key, and both tell that it came")
    func otherKey() async throws {
        let (a, b) = try pair(try .make())
        let (atA, atB) = (Received(), Received())
        let refused = Locked((a: false, b: false))
        a.start(receive: { atA.take($0) }, refused: { refused.withLock { $0.a = true } })
        b.start(receive: { atB.take($0) }, refused: { refused.withLock { $0.b = true } })
        for _ in 0..<100 {
            a.send([1])
            b.send([2])
            try await Task.sleep(for: .milliseconds(3))
        }
        #expect(atA.all.isEmpty && atB.all.isEmpty && a.counters.sent == 0 && b.counters.sent == 0)
        #expect(await eventually { refused.withLock { $0.a && $0.b } })
        await a.stop()
        await b.stop()
    }

    @Test("takes nothing from a client that has no key, or only knows the public one", arguments: [false, true])
    func strangers(_ knowsPublicKey: Bool) async throws {
        let a = try ZeroMQLink(listen: "127.0.0.1:0", peer: "127.0.0.1:\(freePort())", key: key)
        let atA = Received()
        a.start { atA.take($0) }
        let context = zmq_ctx_new()
        let socket = zmq_socket(context, ZMQ_DEALER)
        var zero: CInt = 0
        zmq_setsockopt(socket, ZMQ_LINGER, &zero, MemoryLayout<CInt>.size)
        if knowsPublicKey {
            let own = try CurveSecretKey.make()
            zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, key.publicKey, 40)
            zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own.publicKey, 40)
            zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own.z85.exposed, 40)
        }
        #expect(zmq_connect(socket, a.endpoint) == 0)
        for _ in 0..<100 {
            zmq_send(socket, "hello", 5, ZMQ_DONTWAIT)
            try await Task.sleep(for: .milliseconds(3))
        }
        #expect(atA.all.isEmpty)
        if knowsPublicKey {
            #expect(
                await eventually {
                    a.send([0]); return a.counters.refused > 0
                })
        }
        zmq_close(socket)
        zmq_ctx_term(context)
        await a.stop()
    }

    @Test(
        "refuses addresses that cannot be",
        arguments: ["", "tcp://", "localhost", "127.0.0.1:70000", "fd00::2:6600", "a b:1", "ipc:///x:1"])
    func addresses(_ address: String) {
        let error = #expect(throws: SpeechError.self) { try ZeroMQLink(listen: address, peer: "127.0.0.1:1", key: key) }
        #expect(error?.code == .invalidConfiguration)
        #expect(throws: SpeechError.self) { try ZeroMQLink(listen: "127.0.0.1:0", peer: address, key: key) }
    }

    @Test("tells that its port is taken")
    func taken() async throws {
        let a = try ZeroMQLink(listen: "127.0.0.1:0", peer: "127.0.0.1:1", key: key)
        let error = #expect(throws: SpeechError.self) { try ZeroMQLink(listen: a.endpoint, peer: "127.0.0.1:1", key: key) }
        #expect(error?.code == .portInUse)
        await a.stop()
    }
}
