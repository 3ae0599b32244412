import SpeechModel

/// All sessions of a primary as they follow from its records: both sides keep one, the standby to go on with it, the primary to tell a
/// standby that joins.
///
/// Bounded as the history of finals is: the oldest are forgotten first, and sessions some time after their end.
public struct SessionMirror: Sendable {
    /// How much is kept.
    public struct Limits: Sendable {
        /// Finals of one session, and of all.
        public var finalsPerSession = 2000
        public var finals = 20_000
        /// How long a session is known after its end, in ns.
        public var endedNanoseconds: UInt64 = 600_000_000_000

        /// The limits as they stand above.
        public init() {}
    }

    /// One session.
    public struct Session: Sendable {
        public let description: SessionDescription
        /// In the order of their numbers.
        public fileprivate(set) var finals: [Kept] = []
        /// The number of the last final; 0 before the first.
        public fileprivate(set) var lastSequence = 0
        /// Before this sample, at the client's rate, the client may have forgotten its audio.
        public fileprivate(set) var finalisedThrough = 0
        /// Whether its wake word, if it needs one, was said not long ago.
        public fileprivate(set) var isAwake = false
        /// When it ended, on the clock of ``SessionMirror/apply(_:at:)``; nil while it goes on.
        public fileprivate(set) var endedAt: UInt64?
        /// Where its last final ends, at the client's rate.
        fileprivate var lastFinalEnd = 0

        /// The first sample that is to be heard when the session goes on: before it everything is in finals or was silence.
        public var nextSample: Int { max(finalisedThrough, lastFinalEnd) }
    }

    /// A final with when it came.
    public struct Kept: Sendable {
        public let final: MirroredFinal
        /// On the clock of ``SessionMirror/apply(_:at:)``.
        public let at: UInt64
        /// Rises from final to final, over all sessions.
        let place: Int
    }

    private let limits: Limits
    /// By their ids.
    public private(set) var sessions: [String: Session] = [:]
    private var places = 0
    private var count = 0

    /// Makes an empty mirror.
    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes a record that came at `nanoseconds` of a monotonic clock. One of a session that is not known, or a final with a number
    /// that was there, changes nothing.
    public mutating func apply(_ record: SessionRecord, at nanoseconds: UInt64) {
        switch record {
        case .began(let description):
            forgetEnded(at: nanoseconds)
            if sessions[description.session] == nil { sessions[description.session] = Session(description: description) }
        case .final(let session, let final): append(final, to: session, at: nanoseconds)
        case .finalised(let session, let sample):
            guard let known = sessions[session]?.finalisedThrough else { return }
            sessions[session]?.finalisedThrough = max(known, sample)
        case .wakefulness(let session, let isAwake): sessions[session]?.isAwake = isAwake
        case .ended(let session):
            if sessions[session]?.endedAt == nil { sessions[session]?.endedAt = nanoseconds }
        }
    }

    /// Records from which an empty mirror becomes like this one, but for when things came.
    public var records: [SessionRecord] {
        // In the order of the finals over all sessions, because that is the order in which they are published again.
        sessions.values.map { .began($0.description) }
            + allFinals.map { .final(session: $0.session.description.session, $0.kept.final) }
            + sessions.values.flatMap { session -> [SessionRecord] in
                let id = session.description.session
                var records = [SessionRecord.finalised(session: id, throughSample: session.finalisedThrough)]
                if session.isAwake { records.append(.wakefulness(session: id, isAwake: true)) }
                if session.endedAt != nil { records.append(.ended(session: id)) }
                return records
            }
    }

    /// Every final that is kept, in the order in which they came.
    public var allFinals: [(session: Session, kept: Kept)] {
        sessions.values.flatMap { session in session.finals.map { (session, $0) } }.sorted { $0.kept.place < $1.kept.place }
    }

    private mutating func append(_ final: MirroredFinal, to session: String, at nanoseconds: UInt64) {
        guard var known = sessions.removeValue(forKey: session) else { return }
        defer { sessions[session] = known }
        guard final.result.sequence > known.lastSequence else { return }
        known.lastSequence = final.result.sequence
        known.lastFinalEnd = final.result.endMS * known.description.sampleRate / 1000
        known.finals.append(Kept(final: final, at: nanoseconds, place: places))
        places += 1
        count += 1
        if known.finals.count > limits.finalsPerSession {
            known.finals.removeFirst()
            count -= 1
        }
        if count > limits.finals { forgetOldest(but: &known) }
    }

    /// Forgets the oldest tenth, because looking for one takes a look at all.
    private mutating func forgetOldest(but open: inout Session) {
        let places = (sessions.values.flatMap(\.finals) + open.finals).map(\.place).sorted()
        let oldestKept = places[min(places.count - 1, max(1, limits.finals / 10))]
        for id in sessions.keys { sessions[id]?.finals.removeAll { $0.place < oldestKept } }
        open.finals.removeAll { $0.place < oldestKept }
        count = sessions.values.reduce(open.finals.count) { $0 + $1.finals.count }
    }

    private mutating func forgetEnded(at nanoseconds: UInt64) {
        for (id, session) in sessions {
            guard let endedAt = session.endedAt, nanoseconds > endedAt, nanoseconds - endedAt > limits.endedNanoseconds
            else { continue }
            count -= session.finals.count
            sessions[id] = nil
        }
    }
}
