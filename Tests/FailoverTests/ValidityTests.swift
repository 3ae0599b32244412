import Testing

@testable import Failover

/// For how long a primary may publish, to the nanosecond.
@Suite("A primary's right to publish") struct ValidityTests {
    private let ms: UInt64 = 1_000_000
    private let start: UInt64 = 1_000_000_000_000
    private let other = NodeID(name: .standby, instance: 7)
    private let me = NodeID(name: .primary, instance: 1)

    /// A machine that asked for the first term at `start`, and was answered `delay` later.
    private func granted(after delay: UInt64) -> FailoverMachine<NumberedRecords> {
        var machine = FailoverMachine<NumberedRecords>(
            FailoverSettings(name: .primary, version: "1", model: "m"), instance: me.instance, at: start - 600 * ms)
        machine.tick(at: start - 600 * ms)
        machine.answered(.success(LeaseAnswer(isGranted: true, lease: nil)), at: start - 600 * ms)
        machine.tick(at: start)
        #expect(asked(&machine) == .take(term: 1, after: nil, by: me, nanoseconds: 600 * ms))
        machine.answered(
            .success(LeaseAnswer(isGranted: true, lease: Lease(term: 1, holder: me, remaining: 600 * ms))), at: start + delay)
        return machine
    }

    private func asked(_ machine: inout FailoverMachine<NumberedRecords>) -> ArbiterRequest? {
        machine.takeActions().compactMap { if case .ask(let request) = $0 { request } else { nil } }.last
    }

    @Test("counts from before the lease was asked for, 2 % less than it lasts")
    func lease() {
        var machine = granted(after: 200 * ms)
        #expect(machine.publishesUntil == start + 588 * ms)
        machine.tick(at: start + 588 * ms - 1)
        #expect(machine.publishesUntil > 0)
        machine.tick(at: start + 588 * ms)
        #expect(machine.publishesUntil == 0 && machine.status(at: start + 588 * ms).role == .standby)
        #expect(granted(after: 588 * ms).publishesUntil == 0)
    }

    @Test("counts a renewal from before it was asked for")
    func renewal() {
        var machine = granted(after: 0)
        machine.tick(at: start + 150 * ms)
        #expect(asked(&machine) == .renew(term: 1, by: me, successor: nil, nanoseconds: 600 * ms))
        machine.answered(
            .success(LeaseAnswer(isGranted: true, lease: Lease(term: 1, holder: me, remaining: 600 * ms))), at: start + 500 * ms)
        #expect(machine.publishesUntil == start + (150 + 588) * ms)
    }

    @Test("counts a vouch from the heartbeat that it answers")
    func vouch() {
        var machine = granted(after: 0)
        let beat = Beat(node: other, term: 1, isPrimary: false, sentAt: 5, version: "1", model: "m")
        machine.receive(.beat(beat), at: start + 100 * ms)
        machine.receive(.vouch(term: 1, echo: start + 100 * ms, stream: 0, sequence: 0), at: start + 400 * ms)
        #expect(machine.publishesUntil == start + (100 + 588) * ms)
        // Of another term, or of a heartbeat that was not sent yet.
        machine.receive(.vouch(term: 2, echo: start + 300 * ms, stream: 0, sequence: 0), at: start + 400 * ms)
        machine.receive(.vouch(term: 1, echo: start + 900 * ms, stream: 0, sequence: 0), at: start + 400 * ms)
        #expect(machine.publishesUntil == start + (100 + 588) * ms)
    }

    @Test("ends at once when another is the primary of a later term, or knows of one", arguments: [true, false])
    func superseded(_ isPrimary: Bool) {
        var machine = granted(after: 0)
        let beat = Beat(node: other, term: 2, isPrimary: isPrimary, sentAt: 5, version: "1", model: "m")
        machine.receive(.beat(beat), at: start + 100 * ms)
        #expect(machine.publishesUntil == 0 && machine.status(at: start + 100 * ms).term == 2)
    }

    @Test("is no affair of a record that came after its end")
    func offer() {
        var machine = granted(after: 0)
        let early = machine.offer(NumberedRecords.record(1), at: start + 100 * ms)
        let late = machine.offer(NumberedRecords.record(2), at: start + 600 * ms)
        #expect(early == 1 && late == nil && machine.state.numbers == [1])
    }
}
