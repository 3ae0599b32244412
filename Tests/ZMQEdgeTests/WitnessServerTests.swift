import ArbiterContract
import Failover
import Glibc
import Lanes
import SpeechModel
import Testing
import ZMQEdge

@Suite("A witness on the network", .serialized) struct WitnessServerTests {
    private let a = NodeID(name: .primary, instance: 1)
    private let second: UInt64 = 1_000_000_000

    /// A witness that runs, with a clock that the test sets.
    private final class Host {
        let server: WitnessServer
        let time = Locked<UInt64>(1_000_000_000_000)
        let events = Locked<[String]>([])
        private let ended = BlockingQueue<Void>()

        init(_ key: CurveSecretKey, _ path: String, port: Int = 0) throws {
            let time = time
            server = try WitnessServer(
                listen: "127.0.0.1:\(port)", key: key, state: WitnessState(path: path), now: { time.withLock { $0 } })
            let (server, events, ended) = (server, events, ended)
            spawnThread(name: "witness") {
                try? server.run { event in events.withLock { $0.append("\(event)") } }
                ended.push(())
            }
        }

        func pass(_ nanoseconds: UInt64) { time.withLock { $0 += nanoseconds } }

        func stop() {
            server.stop()
            ended.pop()
        }
    }

    private func with(_ body: (String, CurveSecretKey) throws -> Void) throws {
        var name = Array("/tmp/mynah-witness-XXXXXX".utf8CString)
        precondition(mkdtemp(&name) != nil)
        let directory = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            unlink(directory + "/state")
            rmdir(directory)
        }
        try body(directory + "/state", try .make())
    }

    @Test("promises what an arbiter does", arguments: ArbiterContract.checks)
    func contract(_ check: String) throws {
        try with { path, key in
            let host = try Host(key, path)
            defer { host.stop() }
            let clients = [
                try WitnessClient(host.server.endpoint, key: key, timeoutMS: 5000),
                try WitnessClient(host.server.endpoint, key: key, timeoutMS: 5000),
            ]
            let faults = ArbiterContract.faults(check) {
                ArbiterContract.Subject(first: clients[0], second: clients[1], pass: { host.pass($0) })
            }
            #expect(faults == [])
        }
    }

    @Test("answers the same client after its restart, and remembers the lease")
    func restart() throws {
        try with { path, key in
            let port = freePort()
            let client = try WitnessClient("127.0.0.1:\(port)", key: key, timeoutMS: 2000)
            let first = try Host(key, path, port: port)
            let lease = try client.take(term: 3, after: nil, by: a, for: second).lease
            first.stop()
            #expect(first.events.withLock { $0 }.count == 1)
            let again = try Host(key, path, port: port)
            // The first question may go into the connection whose end is not yet known; who waits for a lease asks again.
            let known = try (try? client.current()) ?? client.current()
            #expect(known?.isSame(as: lease) == true)
            again.stop()
        }
    }

    @Test("is silent to whoever has another key, and tells that somebody came")
    func otherKey() throws {
        try with { path, key in
            let host = try Host(key, path)
            defer { host.stop() }
            let stranger = try WitnessClient(host.server.endpoint, key: try .make(), timeoutMS: 300)
            let error = #expect(throws: SpeechError.self) { try stranger.take(term: 1, after: nil, by: self.a, for: self.second) }
            #expect(error?.code == .connectionFailed)
            let friend = try WitnessClient(host.server.endpoint, key: key, timeoutMS: 5000)
            #expect(try friend.current() == nil)
        }
    }

    @Test("that is not there is told within the time-out")
    func absent() throws {
        let client = try WitnessClient("127.0.0.1:\(freePort())", key: try .make(), timeoutMS: 100)
        for _ in 0..<2 {
            let start = monotonicNanoseconds()
            let error = #expect(throws: SpeechError.self) { try client.current() }
            #expect(error?.code == .connectionFailed && monotonicNanoseconds() - start >= 100_000_000)
        }
    }
}
