public import SpeechModel

/// What waits for one subscriber that reads slower than is published. It is bounded, and nobody else waits for it:
///
/// - **Partials**: the latest of a session takes the place of the one that waits; its final takes it away. Past
///   ``Limits/partials`` sessions the oldest is dropped and counted.
/// - **Events**: past ``Limits/events`` the oldest is dropped and counted.
/// - **Finals** are never dropped. Past ``Limits/finals`` or ``Limits/finalBytes`` the subscriber is to be disconnected: the
///   queue is closed and empty, and ``resumePoints`` says from which numbers the subscriber has to ask for what it missed.
///
/// What remains is given out in the order in which it came. A value is changed by one thread at a time.
public struct SubscriberQueue<Message: Sendable>: Sendable {
    /// How much waits at most.
    public struct Limits: Hashable, Sendable {
        /// Sessions with a partial, ≥0.
        public var partials: Int
        /// Events, ≥0.
        public var events: Int
        /// Finals, ≥0; the backlog is not counted.
        public var finals: Int
        /// Bytes of the finals as they are encoded, ≥0. A final that comes to an empty queue is taken whatever its length.
        public var finalBytes: Int

        /// Makes limits.
        public init(partials: Int = 64, events: Int = 1000, finals: Int = 1000, finalBytes: Int = 1 << 20) {
            self.partials = partials
            self.events = events
            self.finals = finals
            self.finalBytes = finalBytes
        }
    }

    /// What became of a message.
    public enum Verdict: Hashable, Sendable {
        /// It waits, or replaced one that waited.
        case queued
        /// The subscriber did not ask for such.
        case notWanted
        /// The subscriber reads too slowly and is to be disconnected (`slow-reader`); the same for every message from now on.
        case mustDisconnect
    }

    private struct Waiting: Sendable {
        let item: FeedItem<Message>
        let order: UInt64
    }

    /// What the subscriber asked for.
    public let filter: FeedFilter
    /// How much waits at most.
    public let limits: Limits
    /// Events that were dropped, because the subscriber did not read.
    public private(set) var droppedEvents = 0
    /// Partials that were dropped without a newer one of their session, because the subscriber did not read.
    public private(set) var droppedPartials = 0
    /// Whether the subscriber is to be disconnected.
    public private(set) var isClosed = false
    /// For a closed queue: the number of the first final of each session that was not given out, as far as there was one when
    /// the queue was closed.
    public private(set) var resumePoints: [SessionID: Int] = [:]

    private var backlog: ArraySlice<FeedItem<Message>>
    private var finals = LinkedSlots<Waiting>()
    private var events = LinkedSlots<Waiting>()
    private var partials = LinkedSlots<Waiting>()
    private var partialPlaces: [SessionID: Int] = [:]
    private var finalBytes = 0
    private var order: UInt64 = 0

    /// Makes a queue. `backlog` is given out before everything else: what the subscriber asked for from the history. It is not
    /// counted, because it is bounded by the history and shares its memory.
    public init(filter: FeedFilter = FeedFilter(), limits: Limits = Limits(), backlog: [FeedItem<Message>] = []) {
        self.filter = filter
        self.limits = limits
        self.backlog = backlog[...]
    }

    /// How many messages wait.
    public var count: Int { backlog.count + finals.count + events.count + partials.count }
    /// Whether nothing waits.
    public var isEmpty: Bool { count == 0 }

    /// Takes a message that was published.
    public mutating func offer(_ item: FeedItem<Message>) -> Verdict {
        guard !isClosed else { return .mustDisconnect }
        guard filter.admits(item) else { return .notWanted }
        order += 1
        let waiting = Waiting(item: item, order: order)
        switch item.kind {
        case .final(let session, _, _):
            guard finals.count < limits.finals, finals.count == 0 || finalBytes + item.bytes <= limits.finalBytes else {
                close(refusing: item)
                return .mustDisconnect
            }
            if let place = partialPlaces.removeValue(forKey: session) { partials.remove(place) }
            _ = finals.append(waiting)
            finalBytes += item.bytes
        case .partial(let session, _):
            if let place = partialPlaces[session] {
                partials.update(place) { $0 = Waiting(item: item, order: $0.order) }
            } else {
                partialPlaces[session] = partials.append(waiting)
                if partials.count > limits.partials { dropOldestPartial() }
            }
        case .event:
            _ = events.append(waiting)
            if events.count > limits.events {
                _ = events.popFirst()
                droppedEvents += 1
            }
        }
        return .queued
    }

    /// The message that is to be sent next; nil when none waits.
    public mutating func next() -> FeedItem<Message>? {
        if let item = backlog.popFirst() { return item }
        let final = finals.first.map { finals[$0].order } ?? .max
        let event = events.first.map { events[$0].order } ?? .max
        let partial = partials.first.map { partials[$0].order } ?? .max
        if final < min(event, partial), let waiting = finals.popFirst() {
            finalBytes -= waiting.item.bytes
            return waiting.item
        }
        return event < partial ? events.popFirst()?.item : popPartial()
    }

    private mutating func popPartial() -> FeedItem<Message>? {
        guard let waiting = partials.popFirst() else { return nil }
        if case .partial(let session, _) = waiting.item.kind { partialPlaces[session] = nil }
        return waiting.item
    }

    private mutating func dropOldestPartial() {
        if popPartial() != nil { droppedPartials += 1 }
    }

    private mutating func close(refusing item: FeedItem<Message>) {
        isClosed = true
        for missed in backlog { note(missed) }
        while let missed = finals.popFirst() { note(missed.item) }
        note(item)
        backlog = []
        events.removeAll()
        partials.removeAll()
        partialPlaces = [:]
        finalBytes = 0
    }

    /// Remembers the first number that a session's subscriber missed.
    private mutating func note(_ item: FeedItem<Message>) {
        guard case .final(let session, let sequence, _) = item.kind else { return }
        resumePoints[session] = resumePoints[session] ?? sequence
    }
}
