import SpeechModel

@testable import Failover

/// Two nodes, an arbiter and a network in virtual time, everything of it from one seed. After every step the promises are checked.
final class Simulation {
    static let ms: UInt64 = 1_000_000

    var random: SeededRandom
    var now: UInt64 = 1000 * ms
    private var agenda = Agenda()
    let nodes: [SimulatedNode]
    private var register = LeaseRegister()
    private let arbiterSpeed: Double
    /// Highest request carried out, by run of a node.
    private var carriedOut: [String: Int] = [:]

    // Faults
    var isCut = [false, false]  // by sender
    var isArbiterSilentTo = [false, false]
    /// It has no room for another term.
    var isArbiterFull = false
    /// What becomes of a request to a silent arbiter: 0 lost, 1 carried out late, 2 carried out; without an answer.
    var fates = 0...2
    var slowness: UInt64 = 1
    /// No fault any more.
    var isHealed = false
    private var arrivals: [UInt64] = [0, 0]

    // What is checked
    private var nextRecord = 1
    /// Records whose effects were shown, since the last cold start.
    private(set) var shown: Set<Int> = []
    private(set) var highestTerm = 0
    private(set) var faults: [String] = []
    private(set) var incidents: [FailoverIncident.Kind: Int] = [:]
    private(set) var handOvers: [Result<Int, SpeechError>] = []
    private(set) var reigns: [(name: NodeName, term: Int, at: UInt64)] = []
    var log: [String]?

    init(seed: UInt64) {
        var random = SeededRandom(seed)
        func speed() -> Double { Double.random(in: 0.997...1.003, using: &random) }
        arbiterSpeed = speed()
        nodes = NodeName.allCases.map {
            SimulatedNode($0, speed: speed(), offset: UInt64.random(in: 0...1 << 50, using: &random))
        }
        self.random = random
    }

    // MARK: - Time

    func plan(after delay: UInt64, _ body: @escaping () -> Void) { agenda.add(at: now + delay, body) }

    /// Runs until a time, or until something was found to be wrong.
    func run(until end: UInt64) {
        var isOver = false
        agenda.add(at: end) { isOver = true }
        while !isOver, faults.isEmpty, let (time, body) = agenda.next() {
            now = time
            body()
            check()
        }
    }

    private func check() {
        if nodes.allSatisfy({ $0.mayPublish(now) }) { fail("both nodes may publish") }
    }

    func fail(_ what: String) { faults.append("\(now / Self.ms) ms: \(what)") }
    private func note(_ node: SimulatedNode, _ what: @autoclosure () -> String) {
        log?.append("\(Double(now / 1000) / 1000) \(node.name) \(what())")
    }

    // MARK: - Processes

    func start(_ node: SimulatedNode) {
        guard node.machine == nil else { return }
        node.run += 1
        note(node, "STARTS run \(node.run)")
        node.machine = FailoverMachine(
            FailoverSettings(name: node.name, version: "1", model: "m"), instance: UInt64(node.run), at: node.clock(now))
        (node.offered, node.released, node.backlog, node.isPaused, node.busyUntil) = ([:], 0, [], false, now)
        input(node) { $0.tick(at: $1) }
    }

    func crash(_ node: SimulatedNode) {
        note(node, "CRASHES")
        node.machine = nil
        node.backlog = []
    }

    /// A planned restart.
    func stop(_ node: SimulatedNode) {
        note(node, "STOPS")
        input(node) { [self] machine, clock in if !isHealed { machine.stop(at: clock) } }
    }

    func pause(_ node: SimulatedNode) {
        note(node, "PAUSES")
        node.isPaused = true
    }

    func resume(_ node: SimulatedNode) {
        guard node.isPaused else { return }
        note(node, "RESUMES")
        node.isPaused = false
        node.busyUntil = now
        let backlog = node.backlog
        node.backlog = []
        for body in backlog { body() }
    }

    /// A step of this run of the process: now or after its pause; never when it has ended.
    private func step(_ node: SimulatedNode, _ run: Int, _ body: @escaping () -> Void) {
        guard node.run == run, node.machine != nil else { return }
        if node.isPaused { node.backlog.append { self.step(node, run, body) } } else { body() }
    }

    /// Gives the machine something and plans, one after the other, what it wants done.
    func input(_ node: SimulatedNode, _ body: @escaping (inout FailoverMachine<NumberedRecords>, UInt64) -> Void) {
        let run = node.run
        step(node, run) { [self] in
            body(&node.machine!, node.clock(now))
            let actions = node.machine!.takeActions()
            let isCold = actions.contains {
                if case .incident(let incident) = $0 { incident.kind == .coldStart || incident.kind == .forced } else { false }
            }
            for action in actions {
                // What counts at once counts at once; what a thread does later may be interrupted before.
                switch action {
                case .becamePrimary(let term): reign(node, term, isCold: isCold)
                case .becameStandby:
                    note(node, "standby")
                    node.offered = [:]
                default: break
                }
                node.busyUntil = max(node.busyUntil, now) + UInt64.random(in: 0...Self.ms / 5, using: &random)
                plan(after: node.busyUntil - now) { self.step(node, run) { self.perform(action, node) } }
            }
            node.wakeGeneration += 1
            let generation = node.wakeGeneration
            let wake = max(now, node.time(node.machine!.nextDeadline)) + UInt64.random(in: 0...Self.ms, using: &random)
            plan(after: wake - now) {
                if node.run == run, node.wakeGeneration == generation { self.input(node) { $0.tick(at: $1) } }
            }
        }
    }

    private func reign(_ node: SimulatedNode, _ term: Int, isCold: Bool) {
        note(node, "PRIMARY of \(term)\(isCold ? ", cold" : "")")
        reigns.append((node.name, term, now))
        if term <= highestTerm { fail("term \(term) came after \(highestTerm)") }
        highestTerm = max(highestTerm, term)
        (node.offered, node.released) = ([:], 0)
        if isCold { shown = [] }
        let missing = shown.subtracting(node.machine!.state.known)
        if !missing.isEmpty { fail("the \(node.name) leads term \(term) without \(missing.sorted().prefix(5))") }
    }

    private func perform(_ action: FailoverAction, _ node: SimulatedNode) {
        switch action {
        case .send(let message): send(message, from: node)
        case .ask(let request): ask(request, from: node)
        case .release(let sequence):
            guard sequence > node.released else { return }
            let numbers = (node.released + 1...sequence).compactMap { node.offered[$0] }
            node.released = sequence
            if node.mayPublish(now) { shown.formUnion(numbers) }
        case .incident(let incident):
            note(node, incident.description)
            incidents[incident.kind, default: 0] += 1
        case .handOverEnded(let result): handOvers.append(result)
        case .stopped:
            crash(node)
            plan(after: 100 * Self.ms) { self.start(node) }
        case .becamePrimary, .becameStandby: break
        }
    }

    /// Whoever leads has a new record.
    func offer() {
        for node in nodes {
            input(node) { [self] machine, clock in
                guard let sequence = machine.offer(NumberedRecords.record(nextRecord), at: clock) else { return }
                node.offered[sequence] = nextRecord
                nextRecord += 1
            }
        }
    }

    // MARK: - The network

    private func delay() -> UInt64 { UInt64.random(in: Self.ms / 20...Self.ms, using: &random) * slowness }

    private func send(_ message: LinkMessage, from node: SimulatedNode) {
        let sender = node.name == .primary ? 0 : 1
        let other = nodes[1 - sender]
        guard !isCut[sender] else { return }
        // In order: not before what was sent before.
        arrivals[sender] = max(arrivals[sender] + 1, now + delay())
        let run = other.run
        plan(after: arrivals[sender] - now) { [self] in
            guard other.run == run, !isCut[sender] else { return }
            guard let arrived = try? LinkMessage(frame: message.frame) else { return fail("a frame cannot be read: \(message)") }
            input(other) { $0.receive(arrived, at: $1) }
        }
    }

    private func ask(_ request: ArbiterRequest, from node: SimulatedNode) {
        let index = node.name == .primary ? 0 : 1
        node.askedCount += 1
        let (run, number) = (node.run, node.askedCount)
        let key = "\(node.name)\(run)"
        var isAnswered = false
        func answer(_ answer: Result<LeaseAnswer, SpeechError>) {
            guard !isAnswered, node.run == run else { return }
            isAnswered = true
            input(node) { $0.answered(answer, at: $1) }
        }
        if isArbiterFull, request.needsRoom {
            plan(after: delay()) { answer(.failure(SpeechError(.unwritableFile, "No room.", advice: "Make some."))) }
            return
        }
        let fate = isArbiterSilentTo[index] ? Int.random(in: fates, using: &random) : 3
        if fate > 0 {
            plan(after: fate == 1 ? UInt64.random(in: 0...2000 * Self.ms, using: &random) : delay()) { [self] in
                guard number > carriedOut[key] ?? 0, fate == 3 || !isHealed else { return }
                carriedOut[key] = number
                let result = register.answer(request, at: UInt64(Double(now) * arbiterSpeed))
                note(node, "ASKED \(request) → \(result.isGranted) \(result.lease.map { "\($0)" } ?? "none")")
                if fate == 3 { plan(after: delay()) { answer(.success(result)) } }
            }
        }
        plan(after: 200 * Self.ms) { answer(.failure(SpeechError(.connectionFailed, "Silent.", advice: "Wait."))) }
    }

    func restartArbiter() {
        log?.append("\(now / Self.ms) arbiter restarts")
        register = LeaseRegister(register.record, at: UInt64(Double(now) * arbiterSpeed))
    }
}

extension ArbiterRequest {
    fileprivate var needsRoom: Bool {
        switch self {
        case .take: true
        case .renew(_, _, let successor, let nanoseconds): nanoseconds == 0 && successor != nil
        case .current: false
        }
    }
}
