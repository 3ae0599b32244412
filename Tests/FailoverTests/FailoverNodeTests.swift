import Lanes
import SpeechModel
import Testing

@testable import Failover

/// Nodes with their real threads, on a register and a link in memory. What has to wait waits for the thing itself.
@Suite("A node", .serialized) struct FailoverNodeTests {
    /// An arbiter that both nodes share.
    private struct Register: Arbiter {
        let register = Locked(LeaseRegister())
        let isSilent = Locked(false)

        func ask(_ request: ArbiterRequest) throws(SpeechError) -> LeaseAnswer {
            if isSilent.withLock({ $0 }) { throw SpeechError(.connectionFailed, "Silent.", advice: "Wait.") }
            return register.withLock { $0.answer(request, at: bootNanoseconds()) }
        }

        func current() throws(SpeechError) -> Lease? { try ask(.current).lease }
        func take(term: Int, after seen: Lease?, by node: NodeID, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer {
            try ask(.take(term: term, after: seen, by: node, nanoseconds: nanoseconds))
        }
        func renew(term: Int, by node: NodeID, successor: NodeID?, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer {
            try ask(.renew(term: term, by: node, successor: successor, nanoseconds: nanoseconds))
        }
    }

    private final class Pair {
        let register = Register()
        let links = NearbyLink.pair()
        let delegates = (RecordingDelegate(), RecordingDelegate())
        let first: FailoverNode<NumberedRecords>
        let second: FailoverNode<NumberedRecords>

        init() {
            func settings(_ name: NodeName) -> FailoverSettings { FailoverSettings(name: name, version: "1", model: "m") }
            first = FailoverNode(settings: settings(.primary), arbiter: register, link: links.0, delegate: delegates.0)
            second = FailoverNode(settings: settings(.standby), arbiter: register, link: links.1, delegate: delegates.1)
        }

        func start() async -> Bool {
            first.start()
            second.start()
            return await eventually { self.first.status.isInSync && self.second.status.isInSync }
        }

        func stop() async {
            await first.stop()
            await second.stop()
        }
    }

    private func offer(_ numbers: Range<Int>, _ node: FailoverNode<NumberedRecords>, _ delegate: RecordingDelegate) {
        for number in numbers { node.offer(NumberedRecords.record(number)) { delegate.note(.shown(number)) } }
    }

    @Test("configured as primary leads alone, and what it is offered is safe at once, on the caller's thread")
    func alone() async {
        let pair = Pair()
        #expect(!pair.first.mayPublish)
        offer(0..<1, pair.first, pair.delegates.0)
        pair.first.start()
        #expect(await eventually { pair.first.mayPublish })
        #expect(await eventually { pair.delegates.0.events.count == 1 })
        for number in 1...3 {
            var isShown = false
            let shown = Locked(false)
            pair.first.offer(NumberedRecords.record(number)) { shown.withLock { $0 = true } }
            isShown = shown.withLock { $0 }
            #expect(isShown)
        }
        #expect(pair.delegates.0.events == [.primary(term: 1, records: [])])
        #expect(pair.first.status.role == .primary && pair.first.status.term == 1 && !pair.first.status.isInSync)
        await pair.first.stop()
        #expect(!pair.first.mayPublish)
        offer(4..<5, pair.first, pair.delegates.0)
        #expect(!pair.delegates.0.events.contains(.shown(4)))
    }

    @Test("replicates what it is offered, in order, and shows it once the standby has it")
    func replicates() async {
        let pair = Pair()
        #expect(await pair.start())
        offer(0..<1000, pair.first, pair.delegates.0)
        #expect(await eventually { pair.delegates.0.events.count == 1001 })
        #expect(pair.delegates.0.events == [.primary(term: 1, records: [])] + (0..<1000).map { .shown($0) })
        #expect(pair.first.status.outstandingRecords == 0 && pair.second.status.peerVersion == "1")
        await pair.stop()
    }

    @Test("shows nothing that the standby has not, and goes on alone when the arbiter knows that")
    func silentStandby() async {
        let pair = Pair()
        #expect(await pair.start())
        pair.links.1.cut(true)
        offer(0..<1, pair.first, pair.delegates.0)
        #expect(!pair.delegates.0.events.contains(.shown(0)))
        #expect(await eventually { pair.delegates.0.events.contains(.shown(0)) })
        #expect(pair.register.register.withLock { $0.record?.successor } == nil)
        #expect(pair.delegates.0.incidents.contains(.outOfSync))
        pair.links.1.cut(false)
        #expect(await eventually { pair.first.status.isInSync })
        await pair.stop()
    }

    @Test("hands over, asked here or there, with everything", arguments: [false, true])
    func handsOver(_ atStandby: Bool) async throws {
        let pair = Pair()
        #expect(await pair.start())
        offer(0..<10, pair.first, pair.delegates.0)
        let start = bootNanoseconds()
        let term = try await (atStandby ? pair.second : pair.first).handOver()
        let milliseconds = (bootNanoseconds() - start) / 1_000_000
        #expect(term == 2)
        #expect(await eventually { pair.delegates.1.events == [.primary(term: 2, records: Array(0..<10))] })
        #expect(pair.delegates.0.events.last == .standby && !pair.first.mayPublish && pair.second.mayPublish)
        print("hand-over: \(milliseconds) ms")
        // And back, once the former primary has everything.
        #expect(await eventually { pair.second.status.isInSync && pair.first.status.isInSync })
        #expect(try await pair.first.handOver() == 3)
        await pair.stop()
    }

    @Test("does not hand over to a standby that is not in sync, or when nobody leads")
    func refusesHandOver() async throws {
        let pair = Pair()
        await #expect(throws: SpeechError.self) { try await pair.first.handOver() }
        pair.first.start()
        #expect(await eventually { pair.first.mayPublish })
        let error = await #expect(throws: SpeechError.self) { try await pair.first.handOver() }
        #expect(error?.code == .notReady && pair.first.mayPublish)
        await pair.first.stop()
        pair.second.start()
        await #expect(throws: SpeechError.self) { try await pair.second.handOver() }
        // Only by force, once it does not believe any more that the first one leads, whose last words may just have come.
        var term: Int?
        for _ in 0..<200 where term == nil {
            term = try? await pair.second.handOver(force: true)
            if term == nil { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(term == 2)
        #expect(pair.second.mayPublish)
        await pair.second.stop()
    }

    @Test("that is stopped hands over, and finds its place when it comes back")
    func stopped() async {
        let pair = Pair()
        #expect(await pair.start())
        offer(0..<5, pair.first, pair.delegates.0)
        await pair.first.stop()
        #expect(await eventually { pair.delegates.1.events == [.primary(term: 2, records: Array(0..<5))] })
        await pair.second.stop()
    }

    @Test("leads on while the arbiter is silent and the standby vouches; steps down when both are gone")
    func vouched() async {
        let pair = Pair()
        #expect(await pair.start())
        pair.register.isSilent.withLock { $0 = true }
        let end = bootNanoseconds() + 1_500_000_000
        var isLeading = true
        _ = await eventually {
            isLeading = isLeading && pair.first.mayPublish
            return bootNanoseconds() > end
        }
        #expect(isLeading)
        #expect(pair.first.status.isArbiterAnswering == false && pair.second.mayPublish == false)
        pair.links.1.cut(true)
        #expect(await eventually { pair.delegates.0.events.last == .standby })
        #expect(!pair.first.mayPublish && pair.delegates.0.incidents.contains(.termOver))
        pair.links.1.cut(false)
        pair.register.isSilent.withLock { $0 = false }
        #expect(await eventually { pair.first.mayPublish != pair.second.mayPublish })
        await pair.stop()
    }

    @Test("of the same name, or with another protocol, is refused")
    func refused() async {
        let (left, right) = NearbyLink.pair()
        let delegate = RecordingDelegate()
        let node = FailoverNode(
            settings: FailoverSettings(name: .primary, version: "1", model: "m"), arbiter: Register(), link: left,
            delegate: delegate)
        node.start()
        var frame = LinkMessage.handOverWanted.frame
        frame[2] += 1
        right.send(frame)
        #expect(await eventually { delegate.incidents.contains(.peerRefused) })
        let beat = Beat(
            node: NodeID(name: .primary, instance: 9), term: 5, isPrimary: true, sentAt: 0, version: "1", model: "m")
        right.send(LinkMessage.beat(beat).frame)
        #expect(await eventually { delegate.incidents.filter { $0 == .peerRefused }.count == 2 })
        #expect(node.status.peerVersion == nil)
        await node.stop()
    }
}

/// Waits until something is so; false after ten seconds.
func eventually(_ isSo: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if isSo() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return isSo()
}
