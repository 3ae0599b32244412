import SpeechModel

/// What a node does that does not lead.
extension FailoverMachine {
    // MARK: - The primary speaks

    /// A heartbeat of a primary that this node may follow.
    mutating func follow(_ beat: Beat) {
        guard beat.term >= term else { return }
        term = beat.term
        primaryHeardAt = now
        seeLeader(beat.node.name, term: beat.term)
        if asked.map({ !$0.request.isTake }) ?? true, !isTakeUnresolved, !isStopping {
            promisedUntil = max(promisedUntil, now + settings.lease)
            let isContinued = mirror.term == beat.term
            actions.append(
                .send(
                    .vouch(
                        term: beat.term, echo: beat.sentAt, stream: isContinued ? mirror.stream : 0,
                        sequence: isContinued ? mirror.sequence : 0)))
        }
        if beat.stream == 0 || mirror.term != beat.term || mirror.stream != beat.stream || mirror.sequence < beat.sequence {
            actions.append(.send(.join(term: beat.term, stream: beat.stream)))
        }
    }

    mutating func receiveAsStandby(_ message: LinkMessage) {
        switch message {
        case .snapshot(let part) where part.term == term:
            if mirror.apply(part) { acknowledge() }
        case .record(let term, let stream, let sequence, let bytes) where term == self.term:
            // What is missing is asked for after the next heartbeat, which tells the stream.
            if mirror.apply(bytes, term: term, stream: stream, sequence: sequence) != .gap { acknowledge() }
        case .handedOver(let term) where term == self.term:
            guard let peer else { return }
            promisedUntil = now
            primaryHeardAt = nil
            saw(Lease(term: term, holder: peer.beat.node, successor: me))
        case .handOverRefused(let reason):
            if !isForced {
                endWanted(.failure(fault("The primary does not hand over: \(reason)", advice: "Look at its status and log.")))
            }
        default: break
        }
    }

    private mutating func acknowledge() {
        actions.append(.send(.acknowledge(term: mirror.term, stream: mirror.stream, sequence: mirror.sequence)))
    }

    // MARK: - The arbiter

    /// The lease as it is now.
    mutating func saw(_ lease: Lease?) {
        if let lease {
            term = max(term, lease.term)
            // A take of ours was carried out although its answer did not come: nobody led since.
            if lease.holder == me, lease.term > mirror.term, takesWithEverything { mirror.lead(term: lease.term) }
        }
        let isSame = read.map { $0.lease == nil ? lease == nil : $0.lease?.isSame(as: lease) == true } ?? false
        read = (lease, now)
        if let lease, lease.remaining > 0 {
            endedSince = nil
            // Seen here, too, where only the link is cut.
            seeLeader(lease.holder.name, term: lease.term)
        } else if !isSame || endedSince == nil {
            endedSince = now
        }
    }

    /// When it is to be read next: seldom while a primary is heard, else as soon as it may have ended.
    private var nextRead: UInt64 {
        guard let read else { return now }
        if let primaryHeardAt, now < primaryHeardAt + settings.silence {
            return min(read.at + 10 * settings.heartbeat, primaryHeardAt + settings.silence)
        }
        return read.at + min(max(read.lease?.remaining ?? .max, settings.retry), settings.heartbeat)
    }

    var nextAskOfStandby: UInt64 { min(nextRead, takesAt ?? .max) }

    mutating func nextRequestOfStandby() -> ArbiterRequest? {
        guard !isStopping else { return nil }
        if let takesAt, now >= takesAt, let read {
            takesWithEverything = read.lease.map { hasEverything(of: $0) } ?? true
            return .take(term: self.term + 1, after: read.lease, by: me, nanoseconds: settings.lease)
        }
        return now >= nextRead ? .current : nil
    }

    /// From when on this node may take the next term, as far as it knows; nil when it may not.
    ///
    /// The arbiter refuses it when the lease has changed meanwhile, so what is known may be old.
    private var takesAt: UInt64? {
        guard let read else { return nil }
        guard let lease = read.lease else { return me.name == .primary || isForced ? promisedUntil : nil }
        let free = max(promisedUntil, read.at + lease.remaining)
        if isForced || (lease.successor == me && hasEverything(of: lease)) { return free }
        guard lease.holder.name == me.name else { return nil }
        // The last primary, still in memory or started anew. Whoever has everything comes first, if there is somebody.
        guard let successor = lease.successor, !isGone(successor) else { return free }
        return endedSince.map { max(free, $0 + settings.grace) }
    }

    /// Everything that was shown until the end of this lease is known here.
    private func hasEverything(of lease: Lease) -> Bool {
        mirror.term == lease.term && (lease.holder == me || lease.successor == me)
    }

    /// The other node lives, but this run of it does not.
    private func isGone(_ node: NodeID) -> Bool {
        guard let peer, !peer.isLost else { return false }
        return peer.beat.node.name == node.name && peer.beat.node != node
    }

    /// An answer to a take.
    mutating func took(_ askedAt: UInt64, after seen: Lease?, _ answer: LeaseAnswer) {
        guard answer.isGranted, let lease = answer.lease, reign == nil, !isStopping else { return }
        let until = askedAt + settings.countedLease
        // Somebody came after, or the answer came too late: then it is tried again.
        guard lease.term == term, now < until else { return }
        if !takesWithEverything, isForced {
            tell(.forced, "Term \(lease.term) was taken by force; what this node was not sent is lost.")
        } else if !takesWithEverything {
            tell(.coldStart, "Term \(lease.term) begins empty: nobody has what was replicated in term \(seen?.term ?? 0).")
        }
        lead(lease.term, until: until)
    }
}

extension ArbiterRequest {
    var isTake: Bool {
        if case .take = self { true } else { false }
    }
}
