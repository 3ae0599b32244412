/// Decides whether one more session would make those suffer that there are. Pure: time comes in, in ns.
public struct AdmissionPolicy: Sendable {
    /// Why a session is not let in.
    public enum Reason: String, Sendable, CaseIterable {
        /// Answers come late.
        case lag
        /// Speech waits for decoders.
        case decoders
    }

    /// Finals that must have come within ``LagWindow/span`` before their delay says anything.
    static let minimumAnswers = 5
    private static let minimumLaneDelays = 3
    /// Refusing ends below this part of the limit.
    private static let relief = 0.6
    /// Speech must have waited for so long without a break; and nothing for so long, until that is over.
    private static let waitingLimit: UInt64 = 1_000_000_000
    private static let calmLimit: UInt64 = 2_000_000_000

    /// The median delay, in ms, above which nobody is let in; 0 lets everybody in.
    public var limitMS: Int

    private var answers = LagWindow()
    private var lanes = LagWindow()
    private var isLagging = false
    private var isWaiting = false
    private var waitingSince: UInt64?
    private var calmSince: UInt64?

    /// Makes a policy that has seen nothing.
    public init(limitMS: Int) { self.limitMS = limitMS }

    /// The recogniser answered so long after an utterance was complete.
    public mutating func answered(after lag: UInt64, at now: UInt64) { answers.add(lag, at: now) }

    /// Something that sessions wanted done on their thread had to wait for so long.
    public mutating func laneDelayed(by delay: UInt64, at now: UInt64) { lanes.add(delay, at: now) }

    /// So many utterances wait for a decoder; to be told about once a second.
    public mutating func utterancesWait(_ count: Int, at now: UInt64) {
        if count > 0 {
            calmSince = nil
            waitingSince = waitingSince ?? now
        } else {
            waitingSince = nil
            calmSince = calmSince ?? now
        }
        if let waitingSince, now >= waitingSince + Self.waitingLimit { isWaiting = true }
        if let calmSince, now >= calmSince + Self.calmLimit { isWaiting = false }
    }

    /// Why a session is refused; nil when it is let in.
    public mutating func refusal(at now: UInt64) -> Reason? {
        guard limitMS > 0 else { return nil }
        let lag =
            answers.median(at: now, minimum: isLagging ? 1 : Self.minimumAnswers)
            + lanes.median(at: now, minimum: Self.minimumLaneDelays)
        isLagging = Double(lag) / 1e6 > Double(limitMS) * (isLagging ? Self.relief : 1)
        return isLagging ? .lag : isWaiting ? .decoders : nil
    }
}
