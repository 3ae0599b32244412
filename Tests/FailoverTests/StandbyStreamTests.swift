import Testing

@testable import Failover

@Suite("A primary's view of its standby") struct StandbyStreamTests {
    private let node = NodeID(name: .standby, instance: 1)
    private let settings = FailoverSettings(
        name: .primary, version: "1", model: "m", maxOutstandingRecords: 10, maxOutstandingBytes: 1000)
    private let ms: UInt64 = 1_000_000

    private func inSync() -> StandbyStream {
        var stream = StandbyStream()
        expectTrue(stream.begin(node, sequence: 5, at: 1000 * ms))
        stream.acknowledge(stream: 1, sequence: 5, last: 5)
        #expect(stream.phase == .admitting && stream.successor == node)
        expectTrue(stream.recorded(node))
        return stream
    }

    @Test("holds records back from before the arbiter names it, until everything that was shown is there")
    func joins() {
        var stream = StandbyStream()
        #expect(!stream.holdsBack && stream.successor == nil)
        expectTrue(stream.begin(node, sequence: 5, at: 1000 * ms))
        stream.sent(6, bytes: 1, at: 1000 * ms)
        stream.sent(7, bytes: 1, at: 1000 * ms)
        #expect(!stream.holdsBack)
        // 6 and 7 were shown while it had only 5.
        stream.acknowledge(stream: 1, sequence: 5, last: 7)
        #expect(stream.holdsBack && stream.phase == .closing(until: 7) && stream.successor == nil)
        stream.acknowledge(stream: 1, sequence: 6, last: 8)
        #expect(stream.successor == nil)
        stream.acknowledge(stream: 1, sequence: 7, last: 8)
        #expect(stream.phase == .admitting && stream.outstandingRecords == 0)
    }

    @Test("is not moved by what is said of another stream, or of records that do not exist")
    func foreign() {
        var stream = inSync()
        stream.sent(6, bytes: 1, at: 1000 * ms)
        stream.acknowledge(stream: 2, sequence: 6, last: 6)
        stream.acknowledge(stream: 0, sequence: 6, last: 6)
        stream.acknowledge(stream: 1, sequence: 99, last: 6)
        #expect(stream.acknowledged == 5 && stream.outstandingRecords == 1)
    }

    @Test("holds records back until the arbiter has forgotten a standby that is lost")
    func loses() {
        var stream = inSync()
        stream.lose(joinsAgainAt: 3000 * ms)
        #expect(stream.phase == .dropping && stream.holdsBack && stream.successor == nil)
        expectTrue(!stream.begin(node, sequence: 5, at: 9000 * ms))
        expectTrue(!stream.recorded(node) && stream.phase == .dropping)
        expectTrue(stream.recorded(nil) && stream.phase == .absent && !stream.holdsBack)
        expectTrue(!stream.begin(node, sequence: 5, at: 2999 * ms))
        expectTrue(stream.begin(node, sequence: 5, at: 3000 * ms))
    }

    @Test("is served anew without losing its place when something was lost on the way")
    func again() {
        var stream = inSync()
        stream.sent(6, bytes: 1, at: 1000 * ms)
        expectTrue(stream.begin(node, sequence: 7, at: 1200 * ms))
        #expect(stream.phase == .inSync && stream.number == 2 && stream.acknowledged == 5)
        // Its time for record 6 runs on.
        #expect(stream.deadline(settings) == 1300 * ms)
        expectTrue(!stream.begin(NodeID(name: .standby, instance: 2), sequence: 7, at: 1200 * ms))
    }

    @Test("finds out when it is slow, silent, or too much waits")
    func faults() {
        var stream = inSync()
        #expect(stream.fault(at: 1000 * ms, heardAt: 1000 * ms, settings) == nil)
        #expect(stream.fault(at: 1400 * ms, heardAt: 1000 * ms, settings) == "it is silent")
        stream.sent(6, bytes: 999, at: 1000 * ms)
        #expect(stream.fault(at: 1299 * ms, heardAt: 1299 * ms, settings) == nil)
        #expect(stream.fault(at: 1300 * ms, heardAt: 1300 * ms, settings) == "it did not acknowledge in time")
        stream.sent(7, bytes: 2, at: 1000 * ms)
        #expect(stream.fault(at: 1001 * ms, heardAt: 1000 * ms, settings) == "too much waits for it")
        stream.acknowledge(stream: 1, sequence: 7, last: 7)
        for number in 8...18 { stream.sent(number, bytes: 1, at: 1000 * ms) }
        #expect(stream.fault(at: 1001 * ms, heardAt: 1000 * ms, settings) == "too much waits for it")
    }
}
