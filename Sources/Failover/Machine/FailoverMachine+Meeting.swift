import SpeechModel

/// How two nodes and an arbiter take note of each other, whoever leads.
extension FailoverMachine {
    // MARK: - The other node

    mutating func refuse(_ reason: String) {
        guard refused != reason else { return }
        refused = reason
        tell(.peerRefused, reason)
    }

    mutating func receive(_ beat: Beat) {
        guard beat.node.name != me.name else {
            refuse("The other node is configured as \(me.name.rawValue), too. Configure one of the two as the other.")
            return
        }
        refused = nil
        if peer.map({ $0.isLost || $0.beat.node != beat.node }) ?? true {
            tell(.peerBack, "The \(beat.node.name.rawValue) node is heard of; its version is \(beat.version.printable).")
        }
        peer = Peer(beat: beat, heardAt: now)
        if beat.version != settings.version || beat.model != settings.model, differs?.node != beat.node {
            differs = beat
            tell(
                .peerDiffers,
                "The \(beat.node.name.rawValue) node has version \(beat.version.printable) and model \(beat.model.printable), this one "
                    + "\(settings.version) and \(settings.model). That is meant for a rolling update only.")
        }
        if let reign { meet(beat, reign.term) }
        if reign == nil {
            if beat.isPrimary { follow(beat) } else { term = max(term, beat.term) }
        } else {
            loseFormerStandby(beat.node)
        }
        if let handedOver, beat.isPrimary, beat.term > handedOver.after { endHandOver(.success(beat.term)) }
    }

    /// A node that leads hears of another that leads, or of a later term.
    private mutating func meet(_ beat: Beat, _ own: Int) {
        if beat.isPrimary {
            if beat.term < own {
                tell(.twoPrimaries, "The other node takes itself for the primary of term \(beat.term); this is term \(own).")
                sendBeat()
            } else {
                stepDown(.twoPrimaries, "The other node is the primary of term \(beat.term), this one was of term \(own).")
                // The arbiter knows who is.
                read = nil
            }
        } else if beat.term > own {
            stepDown(.termOver, "Term \(own) is over: the other node knows of term \(beat.term).")
        }
    }

    mutating func receiveFromPeer(_ message: LinkMessage) {
        if reign != nil {
            receiveAsPrimary(message)
        } else if case .handOverWanted = message {
            actions.append(.send(.handOverRefused("This node does not lead either.")))
        } else {
            receiveAsStandby(message)
        }
    }

    // MARK: - The arbiter

    var nextAsk: UInt64 { reign == nil ? (isStopping ? .max : nextAskOfStandby) : nextAskOfPrimary }

    mutating func answered(_ request: ArbiterRequest, _ askedAt: UInt64, _ answer: LeaseAnswer) {
        if isArbiterSilent {
            isArbiterSilent = false
            tell(.arbiterBack, "The arbiter answers again.")
        }
        isTakeUnresolved = false
        if reign == nil { saw(answer.lease) }
        switch request {
        case .current: break
        case .take(_, let seen, _, _): took(askedAt, after: seen, answer)
        case .renew(let term, _, let successor, let nanoseconds):
            if term == reign?.term { renewed(askedAt, successor: successor, nanoseconds: nanoseconds, answer) }
        }
    }

    mutating func unanswered(_ request: ArbiterRequest, _ fault: SpeechError) {
        asksNotBefore = now + settings.retry
        // Certainly not released: the standby could not take the term either, as on a full disk.
        if case .renew(_, _, _, 0) = request, fault.code == .unwritableFile, reign?.handOver != nil {
            reign?.handOver?.isReleasing = false
            giveUpHandOver("The term cannot be handed over: \(fault.message)", advice: fault.advice)
            return
        }
        if request.isTake { isTakeUnresolved = true }
        if case .renew = request { reign?.recorded = nil }
        guard !isArbiterSilent else { return }
        isArbiterSilent = true
        tell(.arbiterSilent, fault.description)
    }

    // MARK: - Hand-over

    func fault(_ message: String, advice: String) -> SpeechError { SpeechError(.notReady, message, advice: advice) }

    mutating func beginHandOver(isForced: Bool) {
        if var reign {
            guard reign.handOver == nil else { return }
            guard reign.standby.phase == .inSync else {
                let refusal = fault(
                    "The standby is not in sync, so it cannot take over.",
                    advice: "Start it, wait until the status says that it is in sync, and try again.")
                actions.append(.send(.handOverRefused(refusal.message)))
                endHandOver(.failure(refusal))
                return
            }
            reign.handOver = Reign.HandOver(deadline: now + settings.handOver)
            self.reign = reign
            return
        }
        let isLed = primaryHeardAt.map { now < $0 + settings.lease } ?? false
        if isForced, isLed {
            endHandOver(
                .failure(
                    fault(
                        "The other node leads term \(term), so nothing has to be forced.",
                        advice: "Hand over without force, or stop the other node.")))
        } else if isForced || isLed {
            self.isForced = isForced
            wantedUntil = now + settings.handOver + settings.lease
            if !isForced { actions.append(.send(.handOverWanted)) }
        } else {
            endHandOver(
                .failure(
                    fault(
                        "There is no primary that could hand over.",
                        advice: "If the other node is lost and this one must lead with what it has, use force.")))
        }
    }

    /// Hands over before the end of the process if there is somebody; else the lease is only released.
    mutating func beginLastHandOver() {
        guard var reign else { return }
        reign.handOver = Reign.HandOver(deadline: now + settings.handOver)
        if reign.standby.isServed, reign.standby.successor == nil { reign.standby.lose(joinsAgainAt: .max) }
        self.reign = reign
    }

    /// Gives up what takes too long.
    mutating func watchHandOver() {
        if let handOver = reign?.handOver {
            let isHopeless = reign?.standby.phase != .inSync && !isStopping && !handOver.isReleasing
            if isHopeless || now >= handOver.deadline {
                // The lease may be released without our knowing; what the standby promised holds.
                if handOver.isReleasing { reign?.leaseUntil = 0 }
                giveUpHandOver(
                    "The hand-over was given up: the standby or the arbiter did not answer in time.",
                    advice: "See the log of both nodes, then try again.")
            }
        }
        if isStopping, let reign, reign.handOver == nil {
            stepDown(.handOverFailed, "Term \(reign.term) was left without a successor.")
        }
        if let handedOver, now >= handedOver.deadline {
            endHandOver(
                .failure(
                    fault(
                        "Term \(handedOver.after) was handed over, but nothing was heard of its successor.",
                        advice: "Look at the other node's status and log.")))
        }
        if let wantedUntil, now >= wantedUntil {
            endWanted(.failure(fault("No term was given to this node in time.", advice: "See both nodes' logs.")))
        }
    }

    /// The node leads on.
    private mutating func giveUpHandOver(_ message: String, advice: String) {
        reign?.handOver = nil
        let refusal = fault(message, advice: advice)
        tell(.handOverFailed, refusal.message)
        actions.append(.send(.handOverRefused(refusal.message)))
        endHandOver(.failure(refusal))
    }

    mutating func endHandOver(_ result: Result<Int, SpeechError>) {
        handedOver = nil
        actions.append(.handOverEnded(result))
    }

    /// A hand-over to this node has ended.
    mutating func endWanted(_ result: Result<Int, SpeechError>) {
        guard wantedUntil != nil else { return }
        wantedUntil = nil
        isForced = false
        endHandOver(result)
    }
}
