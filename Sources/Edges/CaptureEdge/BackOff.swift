/// How long to wait before the next attempt: twice as long after each failure.
struct BackOff {
    /// After the first failure, in ms.
    static let firstMS = 250
    /// The longest, in ms.
    static let lastMS = 30_000

    private var delayMS = firstMS

    /// The wait after one more failure, in ms.
    mutating func next() -> Int {
        defer { delayMS = min(delayMS * 2, Self.lastMS) }
        return delayMS
    }

    /// Begins anew, because all is well.
    mutating func reset() { delayMS = Self.firstMS }
}
