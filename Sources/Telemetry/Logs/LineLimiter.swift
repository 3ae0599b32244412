/// Keeps a line that repeats out of a log: each kind is let through once in so many seconds, and the others are counted.
public struct LineLimiter: Sendable {
    private let nanoseconds: UInt64
    private var kinds: [String: (until: UInt64, left: Int)] = [:]

    /// Lets each kind through once in `seconds`.
    public init(seconds: Int) { nanoseconds = UInt64(max(0, seconds)) * 1_000_000_000 }

    /// Whether a line of this kind may be written now.
    ///
    /// - Parameter now: nanoseconds of a clock that never falls.
    /// - Returns: how many were left out since the last one; nil to leave this one out, too.
    public mutating func admit(_ kind: String, at now: UInt64) -> Int? {
        if let former = kinds[kind], now < former.until {
            kinds[kind]?.left += 1
            return nil
        }
        let left = kinds[kind]?.left ?? 0
        kinds[kind] = (now + nanoseconds, 0)
        return left
    }
}
