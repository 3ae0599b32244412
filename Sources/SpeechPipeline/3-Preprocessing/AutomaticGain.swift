import Glibc

/// Brings a voice to the level that recogniser and detector expect, slowly enough that they take it for the same voice, and never clips.
///
/// Follows the level of windows that held speech, and only in them moves the gain, so that a pause stays as quiet as it was. A window is
/// looked at as a whole before it is scaled: the gain has fallen by the time that a peak comes.
struct AutomaticGain: Sendable {
    /// Where a voice's loud windows are brought to, in dB relative to full scale.
    static let target: Float = -17
    /// What comes as close to the target is left as it is in ``Treatment/auto``, in dB.
    static let tolerance: Float = 14
    /// Gains that are applied, in dB.
    static let range: ClosedRange<Float> = -20...40
    /// No sample is louder after a gain.
    static let ceiling: Float = 0.97

    /// The gain's fastest rise and fall, in dB per window: 62 and 187 per second.
    private static let rise: Float = 2
    private static let fall: Float = 6
    /// How much of a louder and of a quieter window the followed level takes over.
    private static let attack: Float = 0.5
    private static let release: Float = 0.05
    /// Windows of speech after which a level is believed to be out of tolerance: a quarter of a second. The onset of a word is quieter.
    private static let patience = 8
    /// What is quieter counts as this level, in dB.
    private static let silence: Float = -100

    /// Whether the gain is in use; it stays so.
    private(set) var isEngaged: Bool
    /// In dB, at the end of the last window.
    private(set) var gain: Float = 0
    private var wanted: Float = 0
    /// Of the voice, without gain; nil before it was heard.
    private var level: Float?
    private var windowLevel = silence
    /// Windows of speech in a row, pauses left out, that were out of tolerance.
    private var outside = 0

    /// Makes a gain at the beginning of a stream that is applied at once, or when it is needed.
    init(isAutomatic: Bool) { isEngaged = !isAutomatic }

    /// Scales the next window in place.
    mutating func apply(to window: UnsafeMutableBufferPointer<Float>) {
        var power: Float = 0
        var peak: Float = 0
        for sample in window {
            power += sample * sample
            peak = max(peak, abs(sample))
        }
        windowLevel = max(Self.silence, 10 * log10(power / Float(window.count)))
        guard isEngaged else { return }

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
    }

    /// Takes what the detector said of the window that was scaled last.
    mutating func observe(isSpeech: Bool) {
        wanted = gain
        guard isSpeech else { return }
        let level = level.map { $0 + (windowLevel - $0) * (windowLevel > $0 ? Self.attack : Self.release) } ?? windowLevel
        self.level = level
        if !isEngaged {
            outside = abs(level - Self.target) > Self.tolerance ? outside + 1 : 0
            isEngaged = outside >= Self.patience
        }
        let best = min(max(Self.target - level, Self.range.lowerBound), Self.range.upperBound)
        wanted = gain + min(max(best - gain, -Self.fall), Self.rise)
    }
}
