import Glibc

/// Brings a voice to the level that detector and recogniser expect, and never clips.
///
/// Goes by the loudest windows that held speech, and moves only in speech, so that a pause stays as quiet as it was, and only when another
/// voice or another distance asks for it: a gain that follows every syllable costs a recogniser, which learns the speaker's mean spectrum,
/// more words than a wrong level. A window is looked at as a whole before it is scaled: the gain has fallen by the time that a peak comes.
struct AutomaticGain: Sendable {
    /// Where a voice's loudest windows are brought to, in dB relative to full scale.
    static let target: Float = -18
    /// A voice whose loudest windows are this far below the target needs no gain in ``Treatment/auto``, in dB.
    static let tolerance: Float = 18
    /// The gain stands still while the loudest windows come this close to the target, in dB.
    static let play: Float = 6
    /// Gains that are applied, in dB.
    static let range: ClosedRange<Float> = -20...40
    /// No sample is louder after a gain, but for rounding.
    static let ceiling: Float = 0.97

    /// The gain's fastest rise and fall, in dB per window: 94 and 187 per second.
    private static let rise: Float = 3
    private static let fall: Float = 6
    /// Windows in one block of the loudness memory, which is two of them: 0.8 s, in which every sentence has a vowel.
    private static let block = 12
    /// Windows of speech after which its loudest is believed to be loud for it: a quarter of a second. A louder one is believed at once.
    private static let patience = 8
    /// Windows without speech after which somebody else may speak: half a second.
    private static let pause = 16
    /// What is quieter counts as this level, in dB.
    private static let silence: Float = -100

    /// Whether the gain is in use; it stays so.
    private(set) var isEngaged: Bool
    /// In dB, at the end of the last window.
    private(set) var gain: Float = 0
    private var wanted: Float = 0
    private var isMoving = false
    private var windowLevel = silence
    /// The loudest window of speech in this block and in the one before.
    private var loudest = silence
    private var loudestBefore = silence
    /// Windows of speech since the last pause, and without speech since the last speech.
    private var spoken = 0
    private var silent = 0
    /// Windows of speech in a row, pauses left out, that were out of tolerance.
    private var faint = 0

    /// Makes a gain at the beginning of a stream that is applied at once, or when it is needed.
    init(isAutomatic: Bool) { isEngaged = !isAutomatic }

    /// Scales the next window in place, and returns by how many dB the gain changed.
    mutating func apply(to window: UnsafeMutableBufferPointer<Float>) -> Float {
        var power: Float = 0
        var peak: Float = 0
        for sample in window {
            power += sample * sample
            peak = max(peak, abs(sample))
        }
        windowLevel = max(Self.silence, 10 * log10(power / Float(window.count)))
        guard isEngaged else { return 0 }

        let gainBefore = gain
        let before = pow(10, gain / 20)
        gain = wanted
        var factor = pow(10, gain / 20)
        var rampEnd = window.count
        let loudest = max(before, factor)
        if peak * loudest > Self.ceiling {
            rampEnd = window.firstIndex { abs($0) * loudest > Self.ceiling } ?? window.count
            factor = min(factor, Self.ceiling / peak)
            gain = 20 * log10(factor)
        }
        let step = (factor - before) / Float(rampEnd + 1)
        for index in 0..<rampEnd { window[index] *= before + step * Float(index + 1) }
        for index in rampEnd..<window.count { window[index] *= factor }
        return gain - gainBefore
    }

    /// Takes what the detector said of the window that was scaled last.
    mutating func observe(isSpeech: Bool) {
        wanted = gain
        guard isSpeech else {
            silent += 1
            if silent == Self.pause { (spoken, loudest, loudestBefore) = (0, Self.silence, Self.silence) }
            return
        }
        silent = 0
        spoken += 1
        loudest = max(loudest, windowLevel)
        let level = max(loudest, loudestBefore)
        if spoken.isMultiple(of: Self.block) { (loudest, loudestBefore) = (Self.silence, loudest) }

        if !isEngaged {
            faint = windowLevel < Self.target - Self.tolerance ? faint + 1 : 0
            isEngaged = faint >= 2 * Self.block
        }
        let best = min(max(Self.target - level, Self.range.lowerBound), Self.range.upperBound)
        let distance = best - gain
        isMoving = isMoving ? abs(distance) > 0.5 : abs(distance) > Self.play
        guard isEngaged, isMoving, distance < 0 || spoken >= Self.patience else { return }
        wanted = gain + min(max(distance, -Self.fall), Self.rise)
    }
}
