import ArbiterContract
import Glibc
import Lanes
import SpeechModel
import Testing

@testable import Failover

/// A witness without a network.
final class NearbyWitness: Sendable {
    let witness: Locked<Witness>
    let clock: ManualClock
    let state: WitnessState

    init(_ state: WitnessState, _ clock: ManualClock) throws {
        self.state = state
        self.clock = clock
        witness = Locked(Witness(try state.load(), at: clock.now))
    }

    struct Client: Arbiter {
        let id: UInt64
        let host: NearbyWitness
        let number = Locked<UInt64>(0)

        func ask(_ request: ArbiterRequest) throws(SpeechError) -> LeaseAnswer {
            let number = number.withLock {
                $0 += 1
                return $0
            }
            let frame = WitnessRequest(client: id, number: number, request: request).frame
            let reply = host.witness.withLock { witness in
                Result { () throws(SpeechError) in
                    try witness.answer(frame, at: host.clock.now) { record throws(SpeechError) in try host.state.store(record) }
                }
            }
            guard let bytes = try reply.get(), case .answer(let answer) = try WitnessReply(frame: bytes).outcome else {
                throw SpeechError(.connectionFailed, "No answer.", advice: "None.")
            }
            return answer
        }

        func current() throws(SpeechError) -> Lease? { try ask(.current).lease }
        func take(term: Int, after seen: Lease?, by node: NodeID, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer {
            try ask(.take(term: term, after: seen, by: node, nanoseconds: nanoseconds))
        }
        func renew(term: Int, by node: NodeID, successor: NodeID?, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer {
            try ask(.renew(term: term, by: node, successor: successor, nanoseconds: nanoseconds))
        }
    }
}

@Suite("The rules of a witness") struct WitnessTests {
    private let a = NodeID(name: .primary, instance: 1)
    private let b = NodeID(name: .standby, instance: 2)
    private let second: UInt64 = 1_000_000_000

    @Test("are those of an arbiter", arguments: ArbiterContract.checks)
    func contract(_ check: String) throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        let faults = ArbiterContract.faults(check) {
            let clock = ManualClock()
            let host = try NearbyWitness(WitnessState(path: directory.path + "/state"), clock)
            return ArbiterContract.Subject(
                first: NearbyWitness.Client(id: 1, host: host), second: NearbyWitness.Client(id: 2, host: host),
                pass: { clock.pass($0) })
        }
        #expect(faults == [])
    }

    @Test("hold over a restart, after which no term is given for the time of a lease")
    func restart() throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        let state = WitnessState(path: directory.path + "/state")
        let clock = ManualClock()
        let before = NearbyWitness.Client(id: 1, host: try NearbyWitness(state, clock))
        _ = try before.take(term: 5, after: nil, by: a, for: second)
        let named = try before.renew(term: 5, by: a, successor: b, for: second).lease
        clock.pass(3600 * second)
        let after = NearbyWitness.Client(id: 2, host: try NearbyWitness(state, clock))
        let lease = try after.current()
        #expect(lease?.isSame(as: named) == true && lease?.remaining == second)
        #expect(try !after.take(term: 6, after: lease, by: b, for: second).isGranted)
        #expect(try after.renew(term: 5, by: a, successor: b, for: second).isGranted)
        clock.pass(second)
        #expect(try after.take(term: 6, after: lease, by: b, for: second).isGranted)
    }

    @Test("grant nothing that cannot be kept")
    func unwritable() throws {
        let clock = ManualClock()
        let client = NearbyWitness.Client(id: 1, host: try NearbyWitness(WitnessState(path: "/proc/state"), clock))
        #expect(throws: SpeechError.self) { try client.take(term: 1, after: nil, by: a, for: second) }
        #expect(try client.current() == nil)
    }

    @Test("pass over a request that comes after a later one of the same node")
    func late() throws {
        let clock = ManualClock()
        var witness = Witness(nil, at: clock.now)
        func ask(_ number: UInt64, _ request: ArbiterRequest) throws -> WitnessReply? {
            let frame = WitnessRequest(client: 1, number: number, request: request).frame
            return try witness.answer(frame, at: clock.now) { _ in }.map { try WitnessReply(frame: $0) }
        }
        #expect(try ask(2, .current) == WitnessReply(number: 2, outcome: .answer(LeaseAnswer(isGranted: true, lease: nil))))
        #expect(try ask(1, .take(term: 1, after: nil, by: a, nanoseconds: second)) == nil)
        #expect(witness.lease(at: clock.now) == nil)
        #expect(try ask(3, .take(term: 1, after: nil, by: a, nanoseconds: second)) != nil)
        #expect(witness.lease(at: clock.now)?.holder == a)
    }

    @Test("refuse a damaged state", arguments: ["", "mynah lease 1\n", String(repeating: "x", count: 512)])
    func damaged(_ content: String) throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        let path = directory.path + "/state"
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        #expect(write(file, content, content.utf8.count) == content.utf8.count)
        close(file)
        let error = #expect(throws: SpeechError.self) { try WitnessState(path: path).load() }
        #expect(error?.code == .unreadableFile && error?.message.contains(path) == true)
    }
}
