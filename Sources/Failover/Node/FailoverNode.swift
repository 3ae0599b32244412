public import Lanes
public import SpeechModel
import Synchronization

/// One of two nodes, of which one leads: a ``FailoverMachine`` with its clock, its threads, its arbiter and its link.
///
/// ``` swift
/// let node = FailoverNode(settings: settings, arbiter: arbiter, link: link, delegate: delegate)
/// node.start()
/// node.offer(record) { publish() }
/// await node.stop()
/// ```
/// Made, it is a standby. It runs until ``stop()``, which must be called.
public final class FailoverNode<State: ReplicatedState>: Sendable {
    /// What the node's thread does, in this order.
    private enum Call: Sendable {
        case becamePrimary(term: Int, State)
        case becameStandby
        case incident(FailoverIncident)
        case whenSafe(@Sendable () -> Void)
        case endHandOvers([CheckedContinuation<Result<Int, SpeechError>, Never>], Result<Int, SpeechError>)
    }

    private struct Core: Sendable {
        var machine: FailoverMachine<State>
        /// Offered, not released; in the order of their numbers.
        var pending: [(sequence: Int, whenSafe: @Sendable () -> Void)] = []
        var calls: [Call] = []
        /// The node's thread is in a call, so what is released now has to queue behind it.
        var isCalling = false
        /// When the node's thread wakes by itself; 0 while it is awake.
        var wakesAt: UInt64 = 0
        var handOvers: [CheckedContinuation<Result<Int, SpeechError>, Never>] = []
        var stops: [CheckedContinuation<Void, Never>] = []
        var phase = Phase.made
    }

    private enum Phase { case made, running, stopping, ended }

    private let core: Locked<Core>
    private let doorbell = Doorbell()
    private let requests = BlockingQueue<ArbiterRequest?>()
    private let publishesUntil = Atomic<UInt64>(0)
    private let arbiter: any Arbiter
    private let link: any PeerLink
    private let now: @Sendable () -> UInt64
    private let delegate: any FailoverDelegate<State>

    /// Makes a node; nothing happens before ``start()``.
    ///
    /// - Parameters:
    ///   - instance: tells this run of the node from its former ones.
    ///   - now: boot time in ns; the same clock for all nodes of a machine.
    public init(
        settings: FailoverSettings, arbiter: any Arbiter, link: any PeerLink,
        instance: UInt64 = .random(in: .min ... .max), now: @escaping @Sendable () -> UInt64 = bootNanoseconds,
        delegate: any FailoverDelegate<State>
    ) {
        core = Locked(Core(machine: FailoverMachine(settings, instance: instance, at: now())))
        self.arbiter = arbiter
        self.link = link
        self.now = now
        self.delegate = delegate
    }

    // MARK: - Any thread

    /// Starts the threads and the link. Later calls do nothing.
    public func start() {
        let isFirst = core.withLock { core in
            guard core.phase == .made else { return false }
            core.phase = .running
            return true
        }
        guard isFirst else { return }
        spawnThread(name: "failover", isUrgent: true) { self.run() }
        spawnThread(name: "arbiter", isUrgent: true) { self.askArbiter() }
        link.start(receive: { [weak self] in self?.received($0) }, refused: { [weak self] in self?.turnedAway() })
    }

    /// Primary only: takes a record into the state and replicates it. ``LinkMessage/maxRecordBytes`` at most.
    ///
    /// - Parameter whenSafe: called once, when the record's effects may be shown: on the caller's thread before this returns, when no standby
    ///   is waited for; else on the node's thread, in the order of the records. Never called when the node does not lead, or stops leading
    ///   before. Right before something is really published ``mayPublish`` is to be asked again.
    public func offer(_ record: [UInt8], whenSafe: @escaping @Sendable () -> Void) {
        let isSafeNow = core.withLock { core in
            let wasIdle = core.pending.isEmpty && core.calls.isEmpty && !core.isCalling
            guard let sequence = core.machine.offer(record, at: now()) else {
                perform(&core)
                return false
            }
            core.pending.append((sequence, whenSafe))
            perform(&core)
            guard wasIdle, core.calls.count == 1, case .whenSafe = core.calls[0] else { return false }
            core.calls = []
            return true
        }
        if isSafeNow, mayPublish { whenSafe() }
    }

    /// Whether the node leads now. Costs the reading of a clock.
    public var mayPublish: Bool { now() < publishesUntil.load(ordering: .acquiring) }

    /// How the node stands.
    public var status: FailoverStatus { core.withLock { $0.machine.status(at: now()) } }

    /// Lets the other node lead, when this one does and it has everything; or this one, when it is the standby.
    ///
    /// - Parameter force: this node, a standby, is to lead although it is not known to have everything, for instance because the primary
    ///   is lost for good: what it was not sent is lost. It still waits until nobody has the lease.
    /// - Returns: the new term.
    /// - Throws: ``SpeechError`` with `not-ready`; the node that led leads on, unless the words say otherwise.
    public func handOver(force isForced: Bool = false) async throws(SpeechError) -> Int {
        let result = await withCheckedContinuation { continuation in
            let isRunning = core.withLock { core in
                guard core.phase == .running else { return false }
                core.handOvers.append(continuation)
                core.machine.handOver(isForced: isForced, at: now())
                perform(&core)
                return true
            }
            if !isRunning {
                continuation.resume(
                    returning: .failure(SpeechError(.notReady, "This node does not run.", advice: "Ask again once it does.")))
            }
        }
        return try result.get()
    }

    /// Hands over when it can, else releases the lease; then ends the threads and the link. Takes 2 s at most, plus an arbiter's time-out.
    public func stop() async {
        await withCheckedContinuation { continuation in
            let wasRunning = core.withLock { core in
                guard core.phase == .running || core.phase == .stopping else {
                    core.phase = .ended
                    return false
                }
                core.stops.append(continuation)
                if core.phase == .running {
                    core.phase = .stopping
                    core.machine.stop(at: now())
                    perform(&core)
                }
                return true
            }
            if !wasRunning { continuation.resume() }
        }
    }

    // MARK: - The link's thread

    private func received(_ frame: [UInt8]) {
        let message = Result { () throws(SpeechError) in try LinkMessage(frame: frame) }
        core.withLock { core in
            guard core.phase != .ended else { return }
            switch message {
            case .success(let message): core.machine.receive(message, at: now())
            case .failure(let fault): core.machine.refuse(fault, at: now())
            }
            perform(&core)
        }
    }

    private func turnedAway() {
        core.withLock { core in
            guard core.phase != .ended else { return }
            core.machine.turnedAway(at: now())
            perform(&core)
        }
    }

    // MARK: - The arbiter's thread

    private func askArbiter() {
        while let request = requests.pop() {
            let answer = Result { () throws(SpeechError) in try request.answer(of: arbiter) }
            core.withLock { core in
                core.machine.answered(answer, at: now())
                perform(&core)
            }
        }
    }

    // MARK: - The node's thread

    private func run() {
        while true {
            let (calls, deadline, isEnded) = core.withLock { core in
                core.machine.tick(at: now())
                core.wakesAt = 0
                perform(&core)
                let calls = core.calls
                core.calls = []
                core.isCalling = !calls.isEmpty
                if calls.isEmpty { core.wakesAt = core.machine.nextDeadline }
                return (calls, core.machine.nextDeadline, core.phase == .ended)
            }
            for call in calls { perform(call) }
            if !calls.isEmpty { continue }
            if isEnded { break }
            let time = now()
            doorbell.wait(nanoseconds: deadline > time ? deadline - time : 0)
        }
        requests.push(nil)
        Task {
            await link.stop()
            let (stops, handOvers) = core.withLock { core in
                defer { (core.stops, core.handOvers) = ([], []) }
                return (core.stops, core.handOvers)
            }
            let end = SpeechError(.shuttingDown, "This node was stopped.", advice: "Ask the other one.")
            for handOver in handOvers { handOver.resume(returning: .failure(end)) }
            for stop in stops { stop.resume() }
        }
    }

    private func perform(_ call: Call) {
        switch call {
        case .becamePrimary(let term, let state): delegate.becamePrimary(term: term, state: state)
        case .becameStandby: delegate.becameStandby()
        case .incident(let incident): delegate.incident(incident)
        // The reign may have ended since it was released: the machine finds that out next.
        case .whenSafe(let whenSafe): if mayPublish { whenSafe() }
        case .endHandOvers(let waiting, let result): for continuation in waiting { continuation.resume(returning: result) }
        }
    }

    // MARK: - With the lock

    /// Does what the machine wants. What calls out is left to the node's thread; the rest neither waits nor calls back.
    private func perform(_ core: inout Core) {
        for action in core.machine.takeActions() {
            switch action {
            case .send(let message): link.send(message.frame)
            case .ask(let request): requests.push(request)
            case .release(let sequence):
                let count = core.pending.firstIndex { $0.sequence > sequence } ?? core.pending.count
                core.calls += core.pending[..<count].map { .whenSafe($0.whenSafe) }
                core.pending.removeSubrange(..<count)
            case .becamePrimary(let term): core.calls.append(.becamePrimary(term: term, core.machine.state))
            case .becameStandby:
                core.pending = []
                core.calls.removeAll { if case .whenSafe = $0 { true } else { false } }
                core.calls.append(.becameStandby)
            case .incident(let incident): core.calls.append(.incident(incident))
            case .handOverEnded(let result):
                core.calls.append(.endHandOvers(core.handOvers, result))
                core.handOvers = []
            case .stopped: core.phase = .ended
            }
        }
        publishesUntil.store(core.machine.publishesUntil, ordering: .releasing)
        if !core.calls.isEmpty || core.machine.nextDeadline < core.wakesAt { doorbell.ring() }
    }
}
