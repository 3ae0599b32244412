/// What a node tells when it lasts, because only an operator can end it.
extension FailoverMachine {
    /// Who leads, as far as this node knows.
    func leader(at time: UInt64) -> FailoverStatus.Leader {
        if reign != nil { return .this }
        if isLeaderless { return .nobody }
        let heardUntil = primaryHeardAt.map { $0 + settings.lease } ?? 0
        let leasedUntil = read.flatMap { read in read.lease.map { read.at + $0.remaining } } ?? 0
        return time < max(heardUntil, leasedUntil) ? .other : .unknown
    }

    /// Somebody leads at this moment.
    mutating func seeLeader(_ name: NodeName, term: Int) {
        ledAt = now
        guard isLeaderless else { return }
        isLeaderless = false
        tell(.ledAgain, "The \(name.rawValue) node leads, in term \(term).")
    }

    /// A node that may not lead and hears nobody who does looks like any other standby.
    mutating func watchLeader() {
        if reign != nil { ledAt = now }
        guard !isLeaderless, !isStopping, now >= ledAt + settings.patience else { return }
        isLeaderless = true
        tell(
            .nobodyLeads,
            "Nobody has led for \(milliseconds(now, since: ledAt)) ms: \(reasonForNobody). Start the node that led last; if it is lost, force "
                + "this one, which leads with what it has.")
    }

    /// A node that is started, and never hears the other one, may have the wrong address of it, or be at another than it was said to be.
    mutating func watchPeer() {
        guard peer == nil, !isPeerMissed, let beganAt, now >= beganAt + settings.patience else { return }
        isPeerMissed = true
        tell(
            .peerLost,
            "Nothing was heard of the other node since this one's start, \(milliseconds(now, since: beganAt)) ms ago. If it runs, compare "
                + "failover.peer and failover.listen of both, and failover.key_file.")
    }

    private var reasonForNobody: String {
        if isArbiterSilent { return "the arbiter does not answer, and no primary is heard" }
        guard let lease = read?.lease else { return "the primary node, which takes the first term, is not heard" }
        // Of a former run of this node the memory is gone.
        if lease.successor?.name == me.name {
            return "this node was started anew after term \(lease.term), so has lost what it was sent"
        }
        return "the \(lease.holder.name.rawValue) node led last, in term \(lease.term), without a standby in sync"
    }
}
