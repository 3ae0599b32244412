import SpeechModel

/// What a node does that leads.
extension FailoverMachine {
    /// The term was granted; `until` is the end of the lease.
    mutating func lead(_ term: Int, until: UInt64) {
        self.term = term
        mirror.lead(term: term)
        reign = Reign(term: term, leaseUntil: until, renewAt: now + settings.renewal)
        (primaryHeardAt, read, endedSince) = (nil, nil, nil)
        actions.append(.becamePrimary(term: term))
        seeLeader(me.name, term: term)
        endWanted(.success(term))
        // The other node follows at once, and a former primary hears that it is none.
        sendBeat()
        nextBeat = now + settings.heartbeat
    }

    /// Ends the reign. The state is kept: it may be wanted again.
    mutating func stepDown(_ kind: FailoverIncident.Kind, _ message: String) {
        guard let reign else { return }
        self.reign = nil
        actions.append(.becameStandby)
        tell(kind, message)
        if reign.handOver != nil, handedOver == nil, !isStopping {
            endHandOver(.failure(fault("The hand-over failed. \(message)", advice: "Ask again once there is a primary.")))
        }
        if isStopping { actions.append(.stopped) }
    }

    /// A reign that nobody confirms ends by itself.
    mutating func endReignInTime() {
        guard let reign, now >= reign.validUntil else { return }
        stepDown(.termOver, "Term \(reign.term) is over: neither the arbiter nor the standby confirmed it in time.")
    }

    /// A standby that does not keep up is not waited for any longer.
    mutating func watchStandby() {
        guard var reign, let reason = reign.standby.fault(at: now, heardAt: peer?.heardAt, settings) else { return }
        reign.standby.lose(joinsAgainAt: now + settings.rejoin)
        self.reign = reign
        tell(.outOfSync, "The standby is out of sync: \(reason).")
    }

    // MARK: - The standby speaks

    mutating func receiveAsPrimary(_ message: LinkMessage) {
        guard var reign, let peer else { return }
        switch message {
        case .vouch(let term, let echo, let stream, let sequence) where term == reign.term && echo <= now:
            reign.vouchUntil = max(reign.vouchUntil, echo + settings.countedLease)
            reign.standby.acknowledge(stream: stream, sequence: sequence, last: reign.sequence)
        case .acknowledge(let term, let stream, let sequence) where term == reign.term:
            reign.standby.acknowledge(stream: stream, sequence: sequence, last: reign.sequence)
        case .join(let term, let stream) where term == reign.term && !isStopping:
            // Of a former stream it is already served anew.
            guard stream == (reign.standby.isServed ? reign.standby.number : 0),
                reign.standby.begin(peer.beat.node, sequence: reign.sequence, at: now)
            else { return }
            let parts = SnapshotPart.parts(
                of: mirror.state.snapshot, term: reign.term, stream: reign.standby.number, sequence: reign.sequence)
            actions += parts.map { .send(.snapshot($0)) }
        case .handOverWanted:
            guard reign.handOver == nil else { return }
            beginHandOver(isForced: false)
            return
        default: return
        }
        self.reign = reign
    }

    /// The other node began anew: what the former run had is gone.
    mutating func loseFormerStandby(_ node: NodeID) {
        guard let standby = reign?.standby, standby.isServed, standby.standby != node else { return }
        reign?.standby.lose(joinsAgainAt: now)
        tell(.outOfSync, "The standby is out of sync: it was started anew.")
    }

    // MARK: - The arbiter

    /// When the arbiter is to be asked next.
    var nextAskOfPrimary: UInt64 {
        guard let reign else { return .max }
        if reign.recorded != .some(reign.standby.successor) || isReadyToRelease { return now }
        return reign.renewAt
    }

    private var isReadyToRelease: Bool {
        guard let reign, let handOver = reign.handOver else { return false }
        return handOver.isReleasing || hasEverything || (isStopping && reign.standby.phase == .absent)
    }

    /// The standby may succeed, and nothing is missing.
    private var hasEverything: Bool {
        guard let reign else { return false }
        return reign.standby.phase == .inSync && reign.standby.acknowledged == reign.sequence
    }

    mutating func nextRequestOfPrimary() -> ArbiterRequest? {
        guard let reign, now >= nextAskOfPrimary else { return nil }
        let isReleasing = isReadyToRelease
        if isReleasing { self.reign?.handOver?.isReleasing = true }
        return .renew(
            term: reign.term, by: me, successor: reign.standby.successor, nanoseconds: isReleasing ? 0 : settings.lease)
    }

    /// An answer to what this node asked in its reign.
    mutating func renewed(_ askedAt: UInt64, successor: NodeID?, nanoseconds: UInt64, _ answer: LeaseAnswer) {
        guard var reign else { return }
        guard answer.isGranted else {
            stepDown(.termOver, "Term \(reign.term) is over: the arbiter gave the lease to somebody else.")
            return
        }
        reign.recorded = .some(successor)
        if nanoseconds == 0 {
            self.reign = reign
            released(successor)
            return
        }
        reign.leaseUntil = max(reign.leaseUntil, askedAt + settings.countedLease)
        reign.renewAt = max(now, askedAt + settings.renewal)
        if reign.standby.recorded(successor), reign.standby.phase == .inSync {
            tell(.inSync, "The standby has everything and may succeed.")
        }
        self.reign = reign
    }

    /// The lease was given back.
    private mutating func released(_ successor: NodeID?) {
        guard let reign else { return }
        if successor != nil {
            actions.append(.send(.handedOver(term: reign.term)))
            if !isStopping { handedOver = (reign.term, now + settings.handOver) }
        }
        stepDown(
            .handedOver,
            successor == nil ? "The lease of term \(reign.term) was released." : "Term \(reign.term) was handed over.")
    }
}
