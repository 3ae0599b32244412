public import SpeechModel

/// The rules by which two nodes decide who leads: messages, answers and time in, actions out. No clock, no thread.
///
/// All times are boot-time nanoseconds. Before anything else happens, a call to any method ends a reign whose time is over; so a node
/// that was stopped finds that out before it does what it meant to. The rules are told in `docs/decisions/0005-failover.md`.
public struct FailoverMachine<State: ReplicatedState>: Sendable {
    let settings: FailoverSettings
    let me: NodeID
    /// What is to be done; see ``takeActions()``.
    var actions: [FailoverAction] = []
    var now: UInt64
    /// The time of the first step. Between it and the making of the machine its process may have loaded models.
    var beganAt: UInt64?

    var mirror = Mirror<State>()
    /// The highest term known.
    var term = 0
    /// Set while this node leads.
    var reign: Reign?
    var peer: Peer?
    var nextBeat: UInt64

    // What is asked of the arbiter
    var asked: (request: ArbiterRequest, at: UInt64)?
    /// A take whose answer did not come: it may still be carried out, until the arbiter answers something later.
    var isTakeUnresolved = false
    /// The last take was asked for with everything in memory that was shown before.
    var takesWithEverything = false
    var isArbiterSilent = false
    var asksNotBefore: UInt64 = 0

    // What a standby keeps
    /// The lease as the arbiter had it when it was read; `lease` is nil when there was none.
    var read: (lease: Lease?, at: UInt64)?
    /// When this lease was first seen ended.
    var endedSince: UInt64?
    /// It takes no term before. A former run of this node may have promised that just before it ended.
    var promisedUntil: UInt64
    /// The last heartbeat of a primary that counts.
    var primaryHeardAt: UInt64?
    /// An operator wants this node to lead, until then: by a hand-over, or although it is not known to have everything.
    var wantedUntil: UInt64?
    var isForced = false

    var isStopping = false
    /// Whoever asked this node for a hand-over waits for the term after this one.
    var handedOver: (after: Int, deadline: UInt64)?
    /// Runs that were told of, so that each is told once.
    var refused: String?
    var differs: Beat?
    /// When somebody was last known to lead; and whether it was told that this is long ago.
    var ledAt: UInt64
    var isLeaderless = false
    /// It was told that nothing was ever heard of the other node.
    var isPeerMissed = false

    /// A standby that knows nothing.
    public init(_ settings: FailoverSettings, instance: UInt64, at now: UInt64) {
        self.settings = settings
        me = NodeID(name: settings.name, instance: instance)
        self.now = now
        (nextBeat, ledAt) = (now, now)
        promisedUntil = now + settings.lease
    }

    // MARK: - What happens

    /// Time has passed. To be called at ``nextDeadline`` at the latest.
    public mutating func tick(at time: UInt64) {
        begin(at: time)
        decide()
    }

    /// The other node says something.
    public mutating func receive(_ message: LinkMessage, at time: UInt64) {
        begin(at: time)
        if case .beat(let beat) = message {
            receive(beat)
        } else if peer != nil {
            receiveFromPeer(message)
        }
        decide()
    }

    /// The other node sends what cannot be understood.
    public mutating func refuse(_ fault: SpeechError, at time: UInt64) {
        begin(at: time)
        refuse(fault.description)
        decide()
    }

    /// Somebody without the key of the pair was turned away: the other node, if nothing is heard of that.
    public mutating func turnedAway(at time: UInt64) {
        begin(at: time)
        if peer?.isLost ?? true {
            refuse(
                "Somebody with another key wants to be the other node, of which nothing is heard. Give both the same failover.key_file; "
                    + "`sha256sum` tells whether it is.")
        }
        decide()
    }

    /// The arbiter answered what it was asked last, or did not.
    public mutating func answered(_ answer: Result<LeaseAnswer, SpeechError>, at time: UInt64) {
        begin(at: time)
        guard let (request, askedAt) = asked else { return }
        asked = nil
        switch answer {
        case .success(let answer): answered(request, askedAt, answer)
        case .failure(let fault): unanswered(request, fault)
        }
        decide()
    }

    /// A primary's next record.
    ///
    /// - Returns: its number, which a ``FailoverAction/release(through:)`` may already include; nil when the node does not lead.
    public mutating func offer(_ record: [UInt8], at time: UInt64) -> Int? {
        precondition(record.count <= LinkMessage.maxRecordBytes, "A record is longer than \(LinkMessage.maxRecordBytes) bytes.")
        begin(at: time)
        defer { decide() }
        guard var reign else { return nil }
        reign.sequence += 1
        mirror.append(record)
        if reign.standby.isServed {
            reign.standby.sent(reign.sequence, bytes: record.count, at: now)
            actions.append(
                .send(.record(term: reign.term, stream: reign.standby.number, sequence: reign.sequence, bytes: record)))
        }
        self.reign = reign
        return reign.sequence
    }

    /// An operator wants the other node to lead, or this one, when it is the standby. `isForced`: this standby takes the term although it is
    /// not known to have everything, as soon as nobody has the lease. Ends in ``FailoverAction/handOverEnded(_:)``.
    public mutating func handOver(isForced: Bool, at time: UInt64) {
        begin(at: time)
        beginHandOver(isForced: isForced)
        decide()
    }

    /// The process is to end: a primary hands over, or at least releases its lease. Ends in ``FailoverAction/stopped``.
    public mutating func stop(at time: UInt64) {
        begin(at: time)
        isStopping = true
        if reign == nil { actions.append(.stopped) } else { beginLastHandOver() }
        decide()
    }

    /// What is to be done since the last call.
    public mutating func takeActions() -> [FailoverAction] {
        defer { actions = [] }
        return actions
    }

    // MARK: - How it stands

    /// The node may publish before this time; 0 when it may not.
    public var publishesUntil: UInt64 {
        guard let reign, reign.handOver == nil else { return 0 }
        return reign.validUntil
    }

    /// Everything that was replicated.
    public var state: State { mirror.state }

    /// How the node stands.
    public func status(at time: UInt64) -> FailoverStatus {
        let until = publishesUntil
        return FailoverStatus(
            role: reign == nil ? .standby : .primary, term: reign?.term ?? term,
            isInSync: reign.map { $0.standby.phase == .inSync } ?? isKnownInSync(at: time),
            peerVersion: peer?.beat.version, heartbeatAgeMS: peer.map { milliseconds(time, since: $0.heardAt) },
            leaseRemainingMS: until > time ? milliseconds(until, since: time) : 0,
            outstandingRecords: reign?.standby.outstandingRecords ?? 0, isArbiterAnswering: !isArbiterSilent,
            leader: leader(at: time))
    }

    /// When ``tick(at:)`` is due.
    public var nextDeadline: UInt64 {
        var deadline = nextBeat
        if let reign {
            deadline = min(deadline, reign.validUntil, reign.standby.deadline(settings) ?? .max, reign.handOver?.deadline ?? .max)
        }
        if let handedOver { deadline = min(deadline, handedOver.deadline) }
        if let wantedUntil { deadline = min(deadline, wantedUntil) }
        if asked == nil { deadline = min(deadline, max(asksNotBefore, nextAsk)) }
        return deadline
    }

    // MARK: - Common to all

    /// What only time brings.
    private mutating func begin(at time: UInt64) {
        let slept = beganAt == nil ? 0 : milliseconds(time, since: now)
        now = max(now, time)
        if beganAt == nil { (beganAt, ledAt) = (now, now) }
        if slept > settings.leaseMS {
            // Nothing could be heard meanwhile.
            ledAt = now
            tell(.overslept, "This node did nothing for \(slept) ms: it was stopped, or its machine was.")
        }
        endReignInTime()
        if let peer, !peer.isLost, now >= peer.heardAt + settings.lease {
            self.peer?.isLost = true
            tell(.peerLost, "Nothing was heard of the \(peer.beat.node.name) node for \(settings.leaseMS) ms.")
        }
        watchPeer()
        watchStandby()
        watchHandOver()
        endReignInTime()
        watchLeader()
        if now >= nextBeat {
            nextBeat = now + settings.heartbeat
            sendBeat()
        }
    }

    /// What follows from how things stand now.
    private mutating func decide() {
        if reign?.release() == true, let reign { actions.append(.release(through: reign.released)) }
        guard asked == nil, now >= asksNotBefore else { return }
        if let request = reign == nil ? nextRequestOfStandby() : nextRequestOfPrimary() {
            asked = (request, now)
            actions.append(.ask(request))
        }
    }

    mutating func tell(_ kind: FailoverIncident.Kind, _ message: String) {
        actions.append(.incident(FailoverIncident(kind, message)))
    }

    mutating func sendBeat() {
        var beat = Beat(
            node: me, term: reign?.term ?? term, isPrimary: reign != nil, sentAt: now, version: settings.version,
            model: settings.model)
        if let reign {
            beat.stream = reign.standby.isServed ? reign.standby.number : 0
            beat.sequence = reign.sequence
            beat.isInSync = reign.standby.phase == .inSync
        }
        actions.append(.send(.beat(beat)))
    }

    func milliseconds(_ time: UInt64, since earlier: UInt64) -> Int {
        time > earlier ? Int(min(time - earlier, UInt64(Int64.max)) / 1_000_000) : 0
    }

    private func isKnownInSync(at time: UInt64) -> Bool {
        guard let peer, peer.beat.isPrimary, peer.beat.term == term, time < peer.heardAt + settings.lease else { return false }
        return peer.beat.isInSync && mirror.term == term
    }
}
