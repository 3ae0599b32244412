import SpeechModel
import Testing

@testable import Failover

/// One fault at a time, in virtual time: what an operator is promised for each.
@Suite("Two nodes with one fault") struct ScenarioTests {
    private static let ms = Simulation.ms

    /// Two nodes, of which the one configured as primary leads, in sync.
    private func settled(_ seed: UInt64) -> Simulation {
        let simulation = Simulation(seed: seed)
        for node in simulation.nodes { simulation.start(node) }
        offer(simulation)
        simulation.run(until: simulation.now + 2000 * Self.ms)
        #expect(simulation.reigns.map(\.name) == [.primary] && simulation.incidents[.inSync] == 1)
        return simulation
    }

    private func offer(_ simulation: Simulation) {
        simulation.offer()
        simulation.plan(after: 10 * Self.ms) { self.offer(simulation) }
    }

    private func run(_ simulation: Simulation, ms: UInt64) {
        simulation.run(until: simulation.now + ms * Self.ms)
        #expect(simulation.faults == [])
    }

    /// Runs, and tells the longest time without a node that may publish, in ms.
    private func gap(_ simulation: Simulation, ms: UInt64) -> Int {
        var (gap, longest) = (0, 0)
        for _ in 0..<ms where simulation.faults.isEmpty {
            run(simulation, ms: 1)
            gap = simulation.nodes.contains { $0.mayPublish(simulation.now) } ? 0 : gap + 1
            longest = max(longest, gap)
        }
        return longest
    }

    @Test("go on within 650 ms when the primary is killed", arguments: 0..<20)
    func killed(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.crash(simulation.nodes[0])
        #expect((300...650).contains(gap(simulation, ms: 2000)))
        #expect(simulation.reigns.last?.name == .standby && simulation.incidents[.coldStart] == nil)
        simulation.start(simulation.nodes[0])
        run(simulation, ms: 1000)
        #expect(simulation.incidents[.inSync] == 2 && simulation.reigns.count == 2)
        #expect(simulation.incidents[.nobodyLeads] == nil)
    }

    @Test("go on within 650 ms when the primary is stopped, which then finds its term over", arguments: 0..<20)
    func stopped(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.pause(simulation.nodes[0])
        #expect(gap(simulation, ms: 3000) <= 650)
        simulation.resume(simulation.nodes[0])
        run(simulation, ms: 3000)
        #expect(simulation.reigns.map(\.name) == [.primary, .standby])
        #expect(simulation.incidents[.overslept] == 1 && simulation.incidents[.termOver] == 1)
    }

    @Test("go on without a break when the standby is killed", arguments: 0..<10)
    func standbyKilled(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.crash(simulation.nodes[1])
        let shown = simulation.shown.count
        #expect(gap(simulation, ms: 2000) == 0)
        // 100 records a second were offered; they waited for 400 ms at most.
        #expect(simulation.shown.count > shown + 140 && simulation.incidents[.outOfSync] == 1)
    }

    @Test("go on without a break when the link is cut, and the standby, which is out of sync, never leads", arguments: 0..<10)
    func cut(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.isCut = [true, true]
        #expect(gap(simulation, ms: 5000) == 0)
        simulation.crash(simulation.nodes[0])
        run(simulation, ms: 10_000)
        #expect(simulation.reigns.count == 1)
        // The standby by itself says so, once, and when it is over.
        let standby = simulation.nodes[1]
        func leader() -> FailoverStatus.Leader? { standby.machine?.status(at: standby.clock(simulation.now)).leader }
        #expect(simulation.incidents[.nobodyLeads] == 1 && simulation.incidents[.ledAgain] == nil && leader() == .nobody)
        // Only the last primary may begin again, with nothing, and says so.
        simulation.start(simulation.nodes[0])
        run(simulation, ms: 1000)
        #expect(simulation.reigns.map(\.name) == [.primary, .primary] && simulation.incidents[.coldStart] == 1)
        #expect(simulation.incidents[.nobodyLeads] == 1 && simulation.incidents[.ledAgain] == 1 && leader() != .nobody)
    }

    @Test("go on without a break when the arbiter is silent for a minute", arguments: 0..<5)
    func silentArbiter(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.isArbiterSilentTo = [true, true]
        #expect(gap(simulation, ms: 60_000) == 0)
        simulation.isArbiterSilentTo = [false, false]
        #expect(gap(simulation, ms: 5000) == 0)
        #expect(simulation.reigns.count == 1 && simulation.incidents[.outOfSync] == nil)
    }

    @Test("go on within 700 ms when the primary is cut off from everybody", arguments: 0..<10)
    func isolated(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.isCut = [true, true]
        simulation.fates = 0...0
        simulation.isArbiterSilentTo[0] = true
        #expect(gap(simulation, ms: 3000) <= 700)
        #expect(simulation.reigns.map(\.name) == [.primary, .standby])
        simulation.isCut = [false, false]
        simulation.isArbiterSilentTo[0] = false
        run(simulation, ms: 3000)
        #expect(simulation.incidents[.inSync] == 2)
    }

    @Test("stop publishing when the standby is lost and the arbiter silent, because nobody could record it")
    func both() {
        let simulation = settled(1)
        simulation.isArbiterSilentTo = [true, true]
        run(simulation, ms: 2000)
        simulation.crash(simulation.nodes[1])
        run(simulation, ms: 1000)
        #expect(!simulation.nodes[0].mayPublish(simulation.now))
        simulation.isArbiterSilentTo = [false, false]
        simulation.start(simulation.nodes[1])
        run(simulation, ms: 1000)
        // The former primary still has everything.
        #expect(simulation.reigns.map(\.name) == [.primary, .primary] && simulation.incidents[.coldStart] == nil)
    }

    @Test("hand over within 20 ms on a network of 1 ms, asked at either", arguments: 0..<10)
    func handOver(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.input(simulation.nodes[Int(seed % 2)]) { machine, clock in
            machine.handOver(isForced: false, at: clock)
            #expect(machine.publishesUntil == 0)
        }
        #expect(gap(simulation, ms: 1000) <= 20)
        #expect(simulation.reigns.map(\.name) == [.primary, .standby])
        #expect(simulation.handOvers.map { try? $0.get() }.contains(2))
    }

    @Test("refuse to hand over when the arbiter has no room for another term, and go on", arguments: 0..<10)
    func fullArbiter(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.isArbiterFull = true
        simulation.input(simulation.nodes[Int(seed % 2)]) { $0.handOver(isForced: false, at: $1) }
        #expect(gap(simulation, ms: 5000) <= 20)
        #expect(simulation.reigns.count == 1 && simulation.incidents[.handOverFailed] == 1)
        let refusal = #expect(throws: SpeechError.self) { try simulation.handOvers.first?.get() }
        #expect(refusal?.message.contains("No room.") == true)
        simulation.isArbiterFull = false
        simulation.input(simulation.nodes[0]) { $0.handOver(isForced: false, at: $1) }
        run(simulation, ms: 1000)
        #expect(simulation.reigns.map(\.name) == [.primary, .standby])
    }

    @Test("begin again, cold, when both were killed", arguments: 0..<10)
    func bothKilled(_ seed: UInt64) {
        let simulation = settled(seed)
        for node in simulation.nodes { simulation.crash(node) }
        run(simulation, ms: 100)
        for node in simulation.nodes { simulation.start(node) }
        #expect(gap(simulation, ms: 3000) <= 1000)
        #expect(simulation.reigns.map(\.name) == [.primary, .primary] && simulation.incidents[.coldStart] == 1)
    }

    @Test("wait for the standby that has everything before they begin again cold", arguments: 0..<5)
    func grace(_ seed: UInt64) {
        let simulation = settled(seed)
        simulation.pause(simulation.nodes[1])
        simulation.crash(simulation.nodes[0])
        simulation.start(simulation.nodes[0])
        run(simulation, ms: 1500)
        #expect(simulation.reigns.count == 1)
        simulation.resume(simulation.nodes[1])
        run(simulation, ms: 500)
        #expect(simulation.reigns.map(\.name) == [.primary, .standby] && simulation.incidents[.coldStart] == nil)
    }

    @Test("tell of a node that was never heard, or has another key, once, and when it is there")
    func neverHeard() {
        var machine = FailoverMachine<NumberedRecords>(
            FailoverSettings(name: .primary, version: "1", model: "m"), instance: 1, at: Self.ms)
        func kinds(_ machine: inout FailoverMachine<NumberedRecords>) -> [FailoverIncident.Kind] {
            machine.takeActions().compactMap { if case .incident(let incident) = $0 { incident.kind } else { nil } }
        }
        func pass(_ machine: inout FailoverMachine<NumberedRecords>, seconds: Range<UInt64>) {
            for step in seconds.lowerBound * 10..<seconds.upperBound * 10 { machine.tick(at: step * 100 * Self.ms) }
        }
        pass(&machine, seconds: 1..<4)
        #expect(kinds(&machine) == [])
        pass(&machine, seconds: 4..<30)
        // Nobody leads either: this machine's arbiter never answers.
        #expect(Set(kinds(&machine)) == [.peerLost, .nobodyLeads])
        for _ in 0..<5 { machine.turnedAway(at: 30_000 * Self.ms) }
        #expect(kinds(&machine) == [.peerRefused])
        let beat = Beat(
            node: NodeID(name: .standby, instance: 2), term: 0, isPrimary: false, sentAt: 77, version: "1", model: "m")
        machine.receive(.beat(beat), at: 30_000 * Self.ms)
        #expect(kinds(&machine) == [.peerBack])
        // Whoever else comes now is not the other node.
        machine.turnedAway(at: 30_100 * Self.ms)
        #expect(kinds(&machine) == [])
    }

    @Test("do not take the time before their first step, in which models are loaded, for a sleep")
    func slowStart() {
        var machine = FailoverMachine<NumberedRecords>(
            FailoverSettings(name: .standby, version: "1", model: "m"), instance: 1, at: Self.ms)
        for step in 0...2 { machine.tick(at: 30_000 * Self.ms + UInt64(step) * 100 * Self.ms) }
        #expect(!machine.takeActions().contains { if case .incident = $0 { true } else { false } })
    }

    @Test("tell when their versions differ, and go on: a rolling update needs that")
    func versions() {
        let time: UInt64 = 1_000_000_000
        var machine = FailoverMachine<NumberedRecords>(
            FailoverSettings(name: .standby, version: "2", model: "m"), instance: 1, at: time)
        let beat = Beat(
            node: NodeID(name: .primary, instance: 2), term: 4, isPrimary: true, sentAt: 77, stream: 0, version: "1", model: "m")
        for _ in 0..<3 { machine.receive(.beat(beat), at: time) }
        let actions = machine.takeActions()
        let differs = actions.filter { if case .incident(let incident) = $0 { incident.kind == .peerDiffers } else { false } }
        let vouches = actions.filter { if case .send(.vouch(4, 77, 0, 0)) = $0 { true } else { false } }
        #expect(differs.count == 1 && vouches.count == 3)
    }

    @Test("both step down and ask the arbiter when both take themselves for the primary of one term")
    func twoPrimaries() {
        let simulation = settled(1)
        simulation.input(simulation.nodes[0]) { machine, clock in
            let beat = Beat(
                node: NodeID(name: .standby, instance: 9), term: machine.status(at: clock).term, isPrimary: true, sentAt: 0,
                version: "1", model: "m")
            machine.receive(.beat(beat), at: clock)
            #expect(machine.publishesUntil == 0 && machine.status(at: clock).role == .standby)
        }
        run(simulation, ms: 10)
        #expect(simulation.incidents[.twoPrimaries] == 1)
    }
}
