import Ports

/// The utterances of a pool that have no decoder, in the order in which they are to get one. Recordings wait behind those who are speaking,
/// as long as it takes; limits are for the others.
struct WaitingUtterances {
    struct Entry {
        let lease: Lease
        let attempt: Int
        let since: UInt64
        /// The decoder must have been asked for at this time or later: a second attempt wants a fresh process, not a neighbour of the
        /// one that died, which may be dying of the same cause.
        var decoderSince: UInt64 = 0

        fileprivate var isBackground: Bool { lease.request.isBackground }
    }

    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }
    /// How many speak, and wait.
    var liveCount: Int { entries.count { !$0.isBackground } }

    /// A new one, behind all others.
    mutating func add(_ lease: Lease, at now: UInt64) { entries.append(Entry(lease: lease, attempt: 1, since: now)) }

    /// One that lost its decoder, before all others.
    mutating func addAgain(_ lease: Lease, attempt: Int, at now: UInt64) {
        entries.insert(Entry(lease: lease, attempt: attempt, since: now, decoderSince: now), at: 0)
    }

    mutating func remove(_ lease: Lease) { entries.removeAll { $0.lease === lease } }

    /// Takes the one whose turn it is to get a decoder that was asked for at `askedAt`.
    mutating func next(askedAt: UInt64) -> Entry? {
        func first(isBackground: Bool) -> Int? {
            entries.firstIndex { $0.isBackground == isBackground && $0.decoderSince <= askedAt }
        }
        return (first(isBackground: false) ?? first(isBackground: true)).map { entries.remove(at: $0) }
    }

    /// Takes out what is beyond a limit, the newest first; what has lost its decoder was let in before.
    mutating func takeExcess(beyond limit: Int) -> [Lease] {
        var excess: [Lease] = []
        while liveCount > limit, let index = entries.lastIndex(where: { $0.attempt == 1 && !$0.isBackground }) {
            excess.append(entries.remove(at: index).lease)
        }
        return excess
    }

    /// Takes out those who speak and have waited since before a time.
    mutating func takeLate(since limit: UInt64) -> [Lease] { take { !$0.isBackground && $0.since < limit } }

    /// Takes out those whom no limit ends.
    ///
    /// - Parameter isLimited: whether those who speak wait for some time only.
    mutating func takePatient(isLimited: Bool) -> [Lease] { take { $0.isBackground || !isLimited } }

    /// Takes out those whom nobody wants any more.
    mutating func takeCancelled() -> [Lease] { take { $0.lease.isCancelled } }

    mutating func takeAll() -> [Lease] { take { _ in true } }

    private mutating func take(where isTaken: (Entry) -> Bool) -> [Lease] {
        let taken = entries.filter(isTaken).map(\.lease)
        entries.removeAll { entry in taken.contains { $0 === entry.lease } }
        return taken
    }
}
