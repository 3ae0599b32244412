/// When audio that lies in a file would have been heard: each frame has its instant, counted from the first, so that no error
/// adds up.
struct Pacer {
    private let sampleRate: Int
    /// Nanoseconds that deliveries may be late and still be caught up with.
    private let patience: UInt64
    private var start: UInt64
    private var frames = 0

    /// - Parameters:
    ///   - start: nanoseconds on a monotonic clock, when the first frame begins.
    ///   - patience: nanoseconds of lateness (because the process was stopped, say) beyond which the rest is heard later
    /// instead of
    ///     being delivered at once.
    init(sampleRate: Int, start: UInt64, patience: UInt64) {
        (self.sampleRate, self.start, self.patience) = (sampleRate, start, patience)
    }

    /// When the last of the next `count` frames was heard, in nanoseconds.
    mutating func due(afterNext count: Int, now: UInt64) -> UInt64 {
        frames += count
        let (seconds, rest) = frames.quotientAndRemainder(dividingBy: sampleRate)
        let due = start + UInt64(seconds) * 1_000_000_000 + UInt64(rest) * 1_000_000_000 / UInt64(sampleRate)
        guard now > due + patience else { return due }
        start += now - due
        return now
    }
}
