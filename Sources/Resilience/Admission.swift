public import Ports
import Synchronization

/// The ``AdmissionPolicy`` of a server, for every thread that knows something.
public final class Admission: Sendable {
    private let clock: any Clock
    private let policy: Mutex<AdmissionPolicy>

    /// Makes one that has seen nothing.
    public init(limitMS: Int, clock: any Clock) {
        self.clock = clock
        policy = Mutex(AdmissionPolicy(limitMS: limitMS))
    }

    /// Changes the limit, in ms.
    public func adopt(limitMS: Int) { policy.withLock { $0.limitMS = limitMS } }

    /// The recogniser answered so many ns after an utterance was complete.
    public func answered(after lag: UInt64) {
        let now = clock.monotonicNanoseconds
        policy.withLock { $0.answered(after: lag, at: now) }
    }

    /// Something that was wanted done on a session's thread since `since` is being done now.
    public func laneAnswered(since: UInt64) {
        let now = clock.monotonicNanoseconds
        policy.withLock { $0.laneDelayed(by: now &- since, at: now) }
    }

    /// So many utterances wait for a decoder; to be told about once a second.
    public func utterancesWait(_ count: Int) {
        let now = clock.monotonicNanoseconds
        policy.withLock { $0.utterancesWait(count, at: now) }
    }

    /// Why a new session is refused; nil when it is let in.
    public var refusal: AdmissionPolicy.Reason? {
        let now = clock.monotonicNanoseconds
        return policy.withLock { $0.refusal(at: now) }
    }
}
