import SpeechModel
import Testing

@testable import Failover

/// What one machine promises, in the moments that random schedules seldom meet.
@Suite("A standby") struct PromiseTests {
    private let ms: UInt64 = 1_000_000
    private let start: UInt64 = 1_000_000_000_000
    private let other = NodeID(name: .primary, instance: 7)
    private let me = NodeID(name: .standby, instance: 1)

    private func beat(_ time: UInt64, term: Int = 3, stream: Int = 1, sequence: Int = 0) -> LinkMessage {
        .beat(
            Beat(
                node: other, term: term, isPrimary: true, sentAt: time, stream: stream, sequence: sequence, version: "1",
                model: "m"))
    }

    /// A standby that has everything of term 3, of which the arbiter knows, and hears of the primary for the last time at `start`.
    private func successor() -> FailoverMachine<NumberedRecords> {
        var machine = FailoverMachine<NumberedRecords>(
            FailoverSettings(name: .standby, version: "1", model: "m"), instance: me.instance, at: start - 1000 * ms)
        machine.tick(at: start - 1000 * ms)
        machine.receive(beat(start - 1000 * ms), at: start - 1000 * ms)
        machine.receive(
            .snapshot(SnapshotPart(term: 3, stream: 1, sequence: 0, index: 0, isLast: true, records: [])), at: start - 1000 * ms)
        answer(&machine, lease(ended: false), at: start - 1000 * ms)
        machine.receive(beat(start), at: start)
        if !asks(machine.takeActions()).isEmpty { answer(&machine, lease(ended: false), at: start) }
        _ = machine.takeActions()
        return machine
    }

    private func lease(ended: Bool) -> Lease { Lease(term: 3, holder: other, successor: me, remaining: ended ? 0 : 600 * ms) }

    private func answer(
        _ machine: inout FailoverMachine<NumberedRecords>, _ lease: Lease?, isGranted: Bool = true, at time: UInt64
    ) {
        machine.answered(.success(LeaseAnswer(isGranted: isGranted, lease: lease)), at: time)
    }

    private func asks(_ actions: [FailoverAction]) -> [ArbiterRequest] {
        actions.compactMap { if case .ask(let request) = $0 { request } else { nil } }
    }

    private func vouches(_ actions: [FailoverAction]) -> Int {
        actions.count { if case .send(.vouch) = $0 { true } else { false } }
    }

    /// Runs until it takes a term, answering that the lease has ended; the time of that, and what it did before.
    private func runUntilTake(_ machine: inout FailoverMachine<NumberedRecords>) -> UInt64? {
        for step in 0..<1000 {
            let time = start + UInt64(step) * ms
            machine.tick(at: time)
            for request in asks(machine.takeActions()) {
                if request.isTake { return time }
                answer(&machine, lease(ended: true), at: time)
                if asks(machine.takeActions()).contains(where: \.isTake) { return time }
            }
        }
        return nil
    }

    @Test("takes no term before its promise is over, even if the lease is")
    func promise() {
        var machine = successor()
        #expect(runUntilTake(&machine) == start + 600 * ms)
    }

    @Test("promises nothing while it waits for the answer to a take, nor before it knows what became of one without an answer")
    func noVouch() throws {
        var machine = successor()
        let time = try #require(runUntilTake(&machine))
        machine.receive(beat(time), at: time + 1 * ms)
        #expect(vouches(machine.takeActions()) == 0)
        machine.answered(.failure(SpeechError(.connectionFailed, "Silent.", advice: "Wait.")), at: time + 200 * ms)
        machine.receive(beat(time), at: time + 201 * ms)
        #expect(vouches(machine.takeActions()) == 0)
        // The arbiter's next word settles it.
        machine.tick(at: time + 260 * ms)
        #expect(asks(machine.takeActions()).count == 1)
        answer(&machine, lease(ended: false), isGranted: false, at: time + 261 * ms)
        machine.receive(beat(time + 262 * ms), at: time + 262 * ms)
        #expect(vouches(machine.takeActions()) == 1)
    }

    @Test("does not lead when its take was granted too late, and leads the next term with what it has")
    func late() throws {
        var machine = successor()
        let time = try #require(runUntilTake(&machine))
        let taken = Lease(term: 4, holder: me, remaining: 600 * ms)
        answer(&machine, taken, at: time + 600 * ms)
        #expect(machine.publishesUntil == 0)
        var granted: Int?
        for step in 1...2000 where granted == nil {
            let now = time + (600 + UInt64(step)) * ms
            machine.tick(at: now)
            for request in asks(machine.takeActions()) {
                if case .take(let term, let seen, _, _) = request {
                    #expect(term == 5 && seen?.isSame(as: taken) == true)
                    answer(&machine, Lease(term: 5, holder: me, remaining: 600 * ms), at: now)
                    granted = term
                } else {
                    answer(&machine, Lease(term: 4, holder: me), at: now)
                }
            }
        }
        let actions = machine.takeActions()
        #expect(granted == 5 && machine.publishesUntil > 0)
        #expect(!actions.contains { if case .incident(let incident) = $0 { incident.kind == .coldStart } else { false } })
    }

    @Test("does not follow a primary of a former term")
    func former() {
        var machine = successor()
        machine.receive(beat(start, term: 2), at: start + 1 * ms)
        #expect(vouches(machine.takeActions()) == 0)
        machine.receive(.record(term: 2, stream: 1, sequence: 1, bytes: NumberedRecords.record(1)), at: start + 1 * ms)
        #expect(machine.state.numbers == [])
    }

    @Test("asks to be served anew when the primary's heartbeat tells that it lacks something")
    func lacks() {
        var machine = successor()
        func joins() -> [LinkMessage] {
            machine.takeActions().compactMap { if case .send(let message) = $0, case .join = message { message } else { nil } }
        }
        machine.receive(beat(start, sequence: 0), at: start + 1 * ms)
        #expect(joins() == [])
        machine.receive(beat(start, sequence: 1), at: start + 2 * ms)
        #expect(joins() == [.join(term: 3, stream: 1)])
        machine.receive(beat(start, stream: 0), at: start + 3 * ms)
        #expect(joins() == [.join(term: 3, stream: 0)])
        machine.receive(beat(start, term: 4, stream: 0), at: start + 4 * ms)
        #expect(joins() == [.join(term: 4, stream: 0)])
    }
}
