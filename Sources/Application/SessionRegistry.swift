import Lanes
import Ports
import Resilience
public import SessionMirror
public import SpeechModel
public import SpeechPipeline
import Synchronization
import Telemetry

/// All live sessions: makes them, finds them again for a client that resumes, forgets them when their time is over.
public final class SessionRegistry: Sendable {
    /// What can change while sessions run; new ones begin with it.
    public struct Policy: Sendable {
        /// How they listen.
        public var pipeline: SpeechPipeline.Configuration
        /// What wakes up those that want to be woken; nil when nothing can.
        public var wakeWord: WakeWord?
        /// Whether those that do not say need the wake word.
        public var needsWaking: Bool
        /// Sessions at a time; one more is refused with ``ErrorCode/overloaded``.
        public var maximum: Int
        /// How long a session outlives its connection.
        public var resumeWindowSeconds: Int
        /// How late answers may be, in ms, before no new session is let in; 0 lets all in.
        public var overloadLagMS: Int

        /// Makes a policy.
        public init(
            pipeline: SpeechPipeline.Configuration, wakeWord: WakeWord? = nil, needsWaking: Bool = false, maximum: Int,
            resumeWindowSeconds: Int, overloadLagMS: Int = 0
        ) {
            self.pipeline = pipeline
            self.wakeWord = wakeWord
            self.needsWaking = needsWaking
            self.maximum = maximum
            self.resumeWindowSeconds = resumeWindowSeconds
            self.overloadLagMS = overloadLagMS
        }

        /// How a session listens that needs the wake word, or one that does not.
        func pipeline(needsWaking: Bool) throws(SpeechError) -> SpeechPipeline.Configuration {
            guard needsWaking else { return pipeline }
            guard let wakeWord else {
                throw SpeechError(
                    .invalidParameter, "A wake word is asked for, but no phrase is configured.",
                    advice: "Leave wake_word out; the operator can name phrases in wakeword.phrases.")
            }
            var pipeline = pipeline
            pipeline.wakeWord = wakeWord
            return pipeline
        }
    }

    let services: SessionServices
    let lanes: [Lane]
    private let policy: Mutex<Policy>
    let sessions = Mutex<[SessionID: LiveSession]>([:])
    /// Why no session can begin or go on here; nil when it can.
    private let closed = Mutex<SpeechError?>(nil)
    private let nextLane = Atomic<Int>(0)

    /// Makes an empty registry.
    ///
    /// - Parameters:
    ///   - lanes: dedicated threads that the sessions share, ≥1.
    public init(services: SessionServices, lanes: Int, policy: Policy) {
        self.services = services
        self.lanes = (0..<max(1, lanes)).map { Lane(name: "session-\($0)") }
        self.policy = Mutex(policy)
        services.admission.adopt(limitMS: policy.overloadLagMS)
    }

    /// Changes what new sessions begin with.
    public func adopt(_ new: Policy) {
        policy.withLock { $0 = new }
        services.admission.adopt(limitMS: new.overloadLagMS)
    }

    /// Sessions at the moment, those that wait for their client included.
    public var count: Int { sessions.withLock { $0.count } }

    /// Audio frames that were taken since the start.
    public var framesProcessed: Int { services.metrics.frames.value }

    /// How full the fullest inbox is, 0–1.
    public var inboxUtilization: Double {
        let all = sessions.withLock { Array($0.values) }
        return all.lazy.map(\.inboxUtilization).max() ?? 0
    }

    /// Begins a session.
    ///
    /// - Parameters:
    ///   - name: where the audio comes from, for events.
    ///   - language: what is spoken, ISO 639-1, or ``SpokenLanguage/unknown``; nil for the configured default.
    ///   - model: the name of the model that is to recognise; nil for the language's default.
    ///   - needsWaking: whether nothing is recognised before the wake word; nil for the configured default.
    /// - Throws: ``ErrorCode/overloaded``, also when those that there are would suffer; ``ErrorCode/invalidParameter`` when it needs waking and nothing could; what ``close(_:)`` was
    ///   given.
    public func create(
        format: AudioFormat, tenant: TenantID = .local, name: String = "stream", language: String? = nil,
        model: String? = nil, needsWaking: Bool? = nil
    ) throws(SpeechError) -> LiveSession {
        if let reason = closed.withLock({ $0 }) { throw reason }
        if let refusal { throw refusal }
        let policy = policy.withLock { $0 }
        let pipeline = try policy.pipeline(needsWaking: needsWaking ?? policy.needsWaking)
        let pin = try services.models.pin(model: model, language: language)
        let lane = nextLaneInTurn
        let token = hexadecimal(services.clock.randomBits()) + hexadecimal(services.clock.randomBits())
        let session = LiveSession(
            id: services.clock.makeSessionID(), audioID: services.clock.makeAudioID(), token: token, tenant: tenant,
            name: name, language: language, model: pin, format: format, configuration: pipeline, lane: lane, services: services)
        let fits = sessions.withLock {
            guard $0.count < policy.maximum else { return false }
            $0[session.id] = session
            return true
        }
        guard fits else {
            services.metrics.refused["sessions"].increment()
            throw SpeechError(
                .overloaded, "There are \(policy.maximum) sessions already.",
                advice: "Try again in a moment; the operator can raise session.max_sessions.")
        }
        return session
    }

    private var nextLaneInTurn: Lane { lanes[nextLane.wrappingAdd(1, ordering: .relaxed).oldValue % lanes.count] }

    /// Goes on with the sessions of another server whose clients may come here; those that ended too long ago are left out.
    ///
    /// - Returns: how many there are.
    public func open(with mirror: SessionMirror) -> Int {
        let policy = policy.withLock { $0 }
        let now = services.clock.monotonicNanoseconds
        let window = UInt64(policy.resumeWindowSeconds) * 1_000_000_000
        let resumed = mirror.sessions.values.compactMap { session -> LiveSession? in
            if let endedAt = session.endedAt, now > endedAt, now - endedAt > window { return nil }
            // A session in a format that this version does not know, or that nothing here could wake, is as lost as its client would be.
            guard let pipeline = try? policy.pipeline(needsWaking: session.description.needsWaking) else { return nil }
            return try? LiveSession(session, configuration: pipeline, lane: nextLaneInTurn, services: services)
        }
        sessions.withLock { sessions in for session in resumed { sessions[session.id] = session } }
        closed.withLock { $0 = nil }
        return resumed.count
    }

    /// Drops all sessions, because another server goes on with them, and begins none until ``open(with:)``. Clients are told `reason`.
    public func close(_ reason: SpeechError) {
        closed.withLock { $0 = reason }
        let all = sessions.withLock { sessions in
            defer { sessions = [:] }
            return Array(sessions.values)
        }
        for session in all { session.abandon(reason) }
    }

    /// Finds a session that a client wants to resume.
    ///
    /// - Throws: ``ErrorCode/sessionUnknown``, the same for a wrong id and a wrong token; what ``close(_:)`` was given.
    public func find(_ id: SessionID, token: Sensitive<String>) throws(SpeechError) -> LiveSession {
        if let reason = closed.withLock({ $0 }) { throw reason }
        guard let session = sessions.withLock({ $0[id] }), areEqual(session.resumeToken.exposed, token.exposed) else {
            throw SpeechError(
                .sessionUnknown, "There is no such session to resume.",
                advice: "Start a new session and send the audio that was not finalised.")
        }
        return session
    }

    /// The server stops: what was said in every session becomes final.
    public func endAll() {
        for session in sessions.withLock({ Array($0.values) }) { session.end(serverStops: true) }
    }

    /// Forgets sessions whose client did not come back; call it once a second.
    public func sweep() {
        measureLoad()
        let now = services.clock.monotonicNanoseconds
        let resumeWindowSeconds = policy.withLock { $0.resumeWindowSeconds }
        let alone = sessions.withLock { $0.values.filter { $0.hasBeenAlone(for: resumeWindowSeconds, at: now) } }
        for session in alone where session.expire(now: now, resumeWindowSeconds: resumeWindowSeconds) {
            sessions.withLock { _ = $0.removeValue(forKey: session.id) }
        }
    }

    /// Takes a time that tells nothing about where the texts differ.
    private func areEqual(_ a: String, _ b: String) -> Bool {
        let a = Array(a.utf8)
        let b = Array(b.utf8)
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
