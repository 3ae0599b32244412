public import SpeechModel

/// The finals of the last while, encoded, for subscribers that lost some: `from_sequence=N` asks for what follows `N - 1`.
///
/// Everything is bounded: messages and bytes of one session, messages and bytes of all, and sessions. Past a bound the oldest
/// message (of the session, or of all) is dropped, or the session that told nothing for the longest. Adding takes constant time
/// whatever is kept; dropping is paid for by the message that is dropped.
///
/// Time is nanoseconds of one monotonic clock, which the caller reads. A value is changed by one thread at a time.
public struct FeedHistory<Message: Sendable>: Sendable {
    /// How much is kept.
    public struct Limits: Hashable, Sendable {
        /// Messages of one session, ≥0.
        public var messagesPerSession: Int
        /// Bytes of one session's messages as they are encoded, ≥0. A message that is longer is not kept at all.
        public var bytesPerSession: Int
        /// Messages of all sessions, ≥0.
        public var messages: Int
        /// Bytes of all sessions' messages, ≥0.
        public var bytes: Int
        /// Sessions that are known, with or without messages, ≥1; each costs some hundred bytes.
        public var sessions: Int
        /// How long a session can be asked for after it ended, in ns.
        public var endedNanoseconds: UInt64

        /// Makes limits. As they stand, a session can be asked for an hour of lively talk (2000 finals in 2 MiB), for ten
        /// minutes after its end; all together 20,000 finals in 32 MiB.
        public init(
            messagesPerSession: Int = 2000, bytesPerSession: Int = 2 << 20, messages: Int = 20_000, bytes: Int = 32 << 20,
            sessions: Int = 4096, endedNanoseconds: UInt64 = 600_000_000_000
        ) {
            self.messagesPerSession = messagesPerSession
            self.bytesPerSession = bytesPerSession
            self.messages = messages
            self.bytes = bytes
            self.sessions = sessions
            self.endedNanoseconds = endedNanoseconds
        }
    }

    /// Numbers that were asked for and are no longer there.
    public struct Gap: Hashable, Sendable {
        /// Whose numbers.
        public var session: SessionID
        /// Which numbers.
        public var missing: ClosedRange<Int>
        /// The first number that is there again, or else will be the next one to be published.
        public var firstAvailable: Int { missing.upperBound + 1 }
    }

    /// The answer to a subscriber.
    public struct Replay: Sendable {
        /// What is there, in the order in which it was added.
        public var items: [FeedItem<Message>] = []
        /// What is not: of one session in rising order; nothing is said of the language of a number that is gone.
        public var gaps: [Gap] = []
        /// False when a session was asked for that published nothing yet, or so long ago that it is forgotten.
        public var isSessionKnown = true
    }

    private struct Session: Sendable {
        let id: SessionID
        /// Its messages, in rising order of their numbers.
        var first: Int?
        var last: Int?
        var count = 0
        var bytes = 0
        var lastSequence = 0
        var endedAt: UInt64?
    }

    private struct Entry: Sendable {
        let item: FeedItem<Message>
        let sequence: Int
        let language: String
        let session: Int
        /// The same session's next message.
        var next: Int?
    }

    /// How much is kept.
    public let limits: Limits
    /// Bytes of the messages that are kept.
    public private(set) var bytes = 0
    /// Messages that are kept.
    public var count: Int { entries.count }
    /// Sessions that are known.
    public var sessionCount: Int { sessions.count }
    /// Messages that were dropped, because there was no room or their session had ended.
    public private(set) var dropped = 0

    /// In the order in which they were added.
    private var entries = LinkedSlots<Entry>()
    /// In the order of their last messages.
    private var sessions = LinkedSlots<Session>()
    private var places: [SessionID: Int] = [:]

    /// Makes an empty history.
    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Keeps a final. Of other kinds nothing is kept, nor of a final whose number its session had before (a takeover tells the
    /// last ones again).
    ///
    /// - Returns: whether it was new.
    @discardableResult
    public mutating func append(_ item: FeedItem<Message>) -> Bool {
        guard case .final(let id, let sequence, let language) = item.kind else { return false }
        let session = place(of: id)
        guard sequence > sessions[session].lastSequence else { return false }
        let place = entries.append(Entry(item: item, sequence: sequence, language: language, session: session))
        if let last = sessions[session].last { entries.update(last) { $0.next = place } }
        sessions.update(session) {
            $0.first = $0.first ?? place
            $0.last = place
            $0.count += 1
            $0.bytes += item.bytes
            $0.lastSequence = sequence
        }
        sessions.moveToEnd(session)
        bytes += item.bytes
        while sessions[session].first != nil,
            sessions[session].count > limits.messagesPerSession || sessions[session].bytes > limits.bytesPerSession
        {
            dropOldest(of: session)
        }
        while count > limits.messages || bytes > limits.bytes, let oldest = entries.first {
            dropOldest(of: entries[oldest].session)
        }
        return true
    }

    /// The session is over: ``forgetEnded(now:)`` forgets it when its time has come.
    public mutating func ended(_ session: SessionID, at nanoseconds: UInt64) {
        guard let place = places[session] else { return }
        sessions.update(place) { $0.endedAt = $0.endedAt ?? nanoseconds }
    }

    /// Forgets sessions that ended long ago; call it once in a while. Takes a time that grows with the number of sessions.
    public mutating func forgetEnded(now nanoseconds: UInt64) {
        var next = sessions.first
        while let place = next {
            next = sessions.next(after: place)
            guard let endedAt = sessions[place].endedAt, nanoseconds >= endedAt,
                nanoseconds - endedAt >= limits.endedNanoseconds
            else { continue }
            forget(place)
        }
    }

    /// The finals with numbers above `after`, of one session or of all, in one language or in any.
    ///
    /// Numbers belong to sessions: without a session, `after` counts in each of them. Takes a time that grows with what is kept
    /// of the session, or of all.
    public func messages(after: Int, session: SessionID? = nil, language: String? = nil) -> Replay {
        // A client may ask for any number.
        let start = min(max(0, after), .max - 1) + 1
        var replay = Replay()
        if after == .max {
            // Nothing can follow: who only wants what comes need not wait for a look at everything.
            replay.isSessionKnown = session.map { places[$0] != nil } ?? true
            return replay
        }
        if let session {
            guard let place = places[session] else {
                replay.isSessionKnown = false
                return replay
            }
            var expected = start
            var next = sessions[place].first
            while let entry = next.map({ entries[$0] }) {
                take(entry, language, &expected, &replay)
                next = entry.next
            }
            finish(sessions[place], expected, &replay)
        } else {
            var expected: [Int: Int] = [:]
            var next = entries.first
            while let place = next {
                take(entries[place], language, &expected[entries[place].session, default: start], &replay)
                next = entries.next(after: place)
            }
            next = sessions.first
            while let place = next {
                finish(sessions[place], expected[place, default: start], &replay)
                next = sessions.next(after: place)
            }
        }
        return replay
    }

    // MARK: - Answering

    private func take(_ entry: Entry, _ language: String?, _ expected: inout Int, _ replay: inout Replay) {
        guard entry.sequence >= expected else { return }
        if entry.sequence > expected {
            replay.gaps.append(Gap(session: sessions[entry.session].id, missing: expected...entry.sequence - 1))
        }
        expected = entry.sequence + 1
        if language == nil || language == entry.language { replay.items.append(entry.item) }
    }

    private func finish(_ session: Session, _ expected: Int, _ replay: inout Replay) {
        guard session.lastSequence >= expected else { return }
        replay.gaps.append(Gap(session: session.id, missing: expected...session.lastSequence))
    }

    // MARK: - Forgetting

    private mutating func place(of id: SessionID) -> Int {
        if let place = places[id] { return place }
        if sessions.count >= max(1, limits.sessions), let silent = sessions.first { forget(silent) }
        let place = sessions.append(Session(id: id))
        places[id] = place
        return place
    }

    private mutating func dropOldest(of session: Int) {
        guard let place = sessions[session].first else { return }
        let entry = entries.remove(place)
        sessions.update(session) {
            $0.first = entry.next
            if entry.next == nil { $0.last = nil }
            $0.count -= 1
            $0.bytes -= entry.item.bytes
        }
        bytes -= entry.item.bytes
        dropped += 1
    }

    private mutating func forget(_ session: Int) {
        while sessions[session].first != nil { dropOldest(of: session) }
        places[sessions.remove(session).id] = nil
    }
}
