/// Decides whether something that may be broken is asked at all.
///
/// | From | To | When |
/// |---|---|---|
/// | closed | open | it failed ``failureThreshold`` times in a row |
/// | open | half open | somebody asks after the reset time-out: that one is the probe |
/// | half open | closed | a probe succeeded |
/// | half open | open | a probe failed |
///
/// A probe that never comes to a verdict does no harm: after another reset time-out the next one is let through. What was permitted
/// before the state changed has no say in the new one. After M. Nygard, *Release It!* (2018), “Circuit Breaker”. Pure: time comes in.
public struct CircuitBreaker: Sendable {
    /// Whether it lets through.
    public enum State: String, Sendable, CaseIterable {
        /// Everything is let through.
        case closed
        /// A probe is under way; the others are refused.
        case halfOpen = "half_open"
        /// Everything is refused.
        case open
    }

    /// What was let through, for its verdict.
    public struct Permit: Sendable { fileprivate let period: Int }

    /// Failures in a row that open it, ≥1.
    public let failureThreshold: Int
    private let resetTimeout: UInt64
    /// Whether it lets through.
    public private(set) var state = State.closed
    /// Failures in a row since the last success.
    private var failures = 0
    /// Counts the changes of state.
    private var period = 0
    /// When it opened, or when the last probe began.
    private var since: UInt64 = 0

    /// Makes a closed one; `resetTimeout` is in ns.
    public init(failureThreshold: Int, resetTimeout: UInt64) {
        self.failureThreshold = max(1, failureThreshold)
        self.resetTimeout = resetTimeout
    }

    /// Lets through or refuses (nil); `now` in ns.
    public mutating func admit(at now: UInt64) -> Permit? {
        if state != .closed {
            guard now >= since + resetTimeout else { return nil }
            since = now
            if state == .open { change(to: .halfOpen) }
        }
        return Permit(period: period)
    }

    /// What was let through worked.
    public mutating func succeeded(_ permit: Permit) {
        guard permit.period == period else { return }
        failures = 0
        if state == .halfOpen { change(to: .closed) }
    }

    /// What was let through failed.
    public mutating func failed(_ permit: Permit, at now: UInt64) {
        guard permit.period == period else { return }
        failures += 1
        guard state == .halfOpen || failures >= failureThreshold else { return }
        since = now
        change(to: .open)
    }

    private mutating func change(to next: State) {
        state = next
        failures = 0
        period += 1
    }
}
