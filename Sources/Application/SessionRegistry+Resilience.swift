import Lanes
import Ports
import Resilience
public import SpeechModel
import Synchronization
import Telemetry

/// A session that was given up because its lane did not come back from it.
public struct StuckStage: Sendable {
    /// Whose session.
    public let session: SessionID
    /// Where its audio came from.
    public let name: String
    /// In which stage.
    public let stage: PipelineStage
    /// What its client was told.
    public let error: SpeechError
}

extension SessionRegistry {
    /// Looks after the lanes from now on: a session that keeps one for longer than `limitMS` is given up and forgotten, and the lane goes on
    /// with the others.
    ///
    /// - Parameter report: hears of each; called on the watchdog's thread.
    public func watch(limitMS: Int, report: @escaping @Sendable (StuckStage) -> Void) {
        _ = LaneWatchdog(lanes, limitMS: limitMS) { [self] client in
            guard let session = client as? LiveSession else { return }
            sessions.withLock { _ = $0.removeValue(forKey: session.id) }
            let (stage, error) = session.quarantine(afterMS: limitMS)
            report(StuckStage(session: session.id, name: session.name, stage: stage, error: error))
        }
    }

    /// Why no session can begin at the moment, counted as a refusal; nil when one can. Sessions that there are, and clients that resume one,
    /// are never asked.
    public var refusal: SpeechError? {
        guard let reason = services.admission.refusal else { return nil }
        services.metrics.refused[reason.rawValue].increment()
        let what =
            switch reason {
            case .lag: "Results are late already"
            case .decoders: "Speech waits for recognisers already"
            }
        return SpeechError(
            .overloaded, "\(what), so no further session is begun.",
            advice: "Try again in a few seconds; sessions that run are not affected.")
    }

    /// Stages that were stuck since the start.
    public var stuckStages: Int {
        PipelineStage.allCases.reduce(0) { $0 + services.metrics.stuckStages[$1.rawValue].value }
    }

    /// Sessions that were not let in since the start, for want of anything.
    public var refusedSessions: Int {
        (AdmissionPolicy.Reason.allCases.map(\.rawValue) + ["sessions"]).reduce(0) { $0 + services.metrics.refused[$1].value }
    }

    /// Tells the admission how busy recogniser and lanes are.
    func measureLoad() {
        services.admission.utterancesWait(services.recognizer.load.waiting)
        for lane in lanes { lane.wake(LaneProbe(services.admission, since: services.clock.monotonicNanoseconds)) }
    }
}

/// Measures how long a lane takes to come to something.
private final class LaneProbe: LaneClient {
    private let admission: Admission
    private let since: UInt64

    init(_ admission: Admission, since: UInt64) {
        self.admission = admission
        self.since = since
    }

    func runOnLane() { admission.laneAnswered(since: since) }
    func runLaterOnLane() {}
}
