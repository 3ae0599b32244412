import Lanes
public import Ports
public import SpeechModel
import Synchronization
import Telemetry

/// What any thread may ask of a session: it is put into the inbox, and the lane is woken.
extension LiveSession {
    /// Makes `listener` the one that hears this session; the one before hears ``SessionEvent/replaced``.
    ///
    /// - Parameter lastSequence: nil for the first connection; else the last final that the client has.
    /// - Returns: the connection's number, for ``ingest(_:from:)`` and ``detach(_:)``.
    public nonisolated func attach(_ listener: any SessionListener, lastSequence: Int? = nil) -> Int {
        let number = inbox.withLock { inbox in
            detachedSince.store(0, ordering: .relaxed)
            return inbox.attach(listener, lastSequence: lastSequence)
        }
        wake()
        return number
    }

    /// The connection is gone; the session waits for another.
    public nonisolated func detach(_ connection: Int) {
        inbox.withLock {
            $0.add(.detach(connection: connection))
            guard connection == $0.connection else { return }
            detachedSince.store(max(1, services.clock.monotonicNanoseconds), ordering: .relaxed)
        }
        wake()
    }

    /// Says that the audio which `connection` sends next begins at `sample` (per channel, at the client's rate, from 0). What the
    /// session has already is then discarded.
    ///
    /// - Throws: ``ErrorCode/resumeGap`` when audio between what the session has and `sample` is missing.
    public nonisolated func goOn(at sample: Int, from connection: Int) throws(SpeechError) {
        let result = inbox.withLock { inbox in
            Result { () throws(SpeechError) in try inbox.goOn(at: sample, from: connection) }
        }
        try result.get()
    }

    /// Takes audio; what an older connection sends is ignored.
    ///
    /// - Returns: false when the inbox is full: read no more until ``SessionEvent/hasRoom``.
    public nonisolated func ingest(_ bytes: UnsafeRawBufferPointer, from connection: Int) -> Bool {
        let (hasRoom, wakes) = inbox.withLock {
            $0.take(bytes, from: connection, at: services.clock.monotonicNanoseconds)
        }
        if wakes { wake() }
        return hasRoom
    }

    /// No more audio will come, because there is none or because the server stops: what was said is finalised, then
    /// ``SessionEvent/ended(lastSequence:)`` follows.
    public nonisolated func end(serverStops: Bool = false) {
        inbox.withLock { $0.add(.end(serverStops: serverStops)) }
        wake()
    }

    /// Says what became of the source that the audio comes from.
    public nonisolated func hear(_ news: SourceNews) {
        inbox.withLock { $0.add(.source(news)) }
        wake()
    }

    /// Another server goes on with the session: it is dropped here, and its client told why.
    nonisolated func abandon(_ reason: SpeechError) {
        inbox.withLock { $0.add(.abandon(reason)) }
        wake()
    }

    /// What has this number in the outbox outlives this server.
    nonisolated func becameSafe(_ number: Int) {
        inbox.withLock { $0.add(.safe(number)) }
        wake()
    }

    public nonisolated func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {
        let answer = SessionInbox.Answer(key: key, update: update, at: services.clock.monotonicNanoseconds)
        inbox.withLock { $0.add(answer) }
        wake()
    }

    /// Counts how long it took from the recogniser's answer to the moment of this call, in which a result was written to its connection.
    public nonisolated var countPublication: @Sendable (_ since: UInt64) -> Void {
        { [services] in services.metrics.publish.observe(Double(services.clock.monotonicNanoseconds &- $0) / 1e9) }
    }

    /// How full the inbox is, 0–1.
    nonisolated var inboxUtilization: Double { inbox.withLock { $0.utilization } }

    /// Whether the client has been away for longer than `seconds`.
    nonisolated func hasBeenAlone(for seconds: Int, at now: UInt64) -> Bool {
        let since = detachedSince.load(ordering: .relaxed)
        return since != 0 && now > since + UInt64(seconds) * 1_000_000_000
    }

    /// Ends the session if its client has not come back meanwhile; returns whether it did.
    nonisolated func expire(now: UInt64, resumeWindowSeconds: Int) -> Bool {
        let isOver = inbox.withLock { inbox in
            guard hasBeenAlone(for: resumeWindowSeconds, at: now) else { return false }
            inbox.add(.expire)
            return true
        }
        if isOver { wake() }
        return isOver
    }

    nonisolated func wake() {
        if inbox.withLock({ $0.queue() }) { lane.wake(self) }
    }
}
