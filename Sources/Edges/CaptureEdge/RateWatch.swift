/// Compares how many frames a device delivers with the clock.
///
/// Only instants at which the reader had caught up with the device are compared, those at which it had to wait for audio: after
/// the reader was held up, the audio that piled up meanwhile comes at once and would look like a higher rate.
struct RateWatch {
    /// Over which it is measured, in s.
    static let windowSeconds = 5.0
    /// By how much the measured rate may differ, as a share of the right one.
    static let tolerance = 0.05
    /// Audio that may have piled up in the device, in s.
    static let backlogSeconds = 0.5

    /// The right rate, in Hz.
    let sampleRate: Int
    private var start: UInt64?
    private var isCaughtUp = false
    private var frames = 0

    init(sampleRate: Int) { self.sampleRate = sampleRate }

    /// Forgets what was measured, after a gap.
    mutating func restart() { start = nil }

    /// Counts frames that were just read.
    ///
    /// - Parameters:
    ///   - now: nanoseconds on a monotonic clock.
    ///   - hasWaited: whether there was nothing to read for a while before.
    /// - Returns: the measured rate in Hz when it is wrong.
    mutating func received(_ count: Int, at now: UInt64, afterWaiting hasWaited: Bool) -> Double? {
        guard let start, isCaughtUp || !hasWaited else {
            // What was just read came before now.
            (start, isCaughtUp, frames) = (now, hasWaited, 0)
            return nil
        }
        frames += count
        let seconds = Double(now - start) / 1e9
        let measured = Double(frames) / max(seconds, 1e-3)
        // A device that never lets us wait has no pace at all. It is not given five seconds to fill every queue.
        let most = (1 + Self.tolerance) * max(seconds, Self.windowSeconds) + Self.backlogSeconds
        if Double(frames) > most * Double(sampleRate) { return measured }
        guard hasWaited, seconds >= Self.windowSeconds else { return nil }
        (self.start, frames) = (now, 0)
        return abs(measured / Double(sampleRate) - 1) > Self.tolerance ? measured : nil
    }
}
