/// A cheap gate in front of an expensive detector, which is not asked while the room just sounds as it always does.
///
/// While open, every window goes to the detector; the gate closes when the detector has said no for a while and the level
/// is near the noise floor. While closed it keeps the last windows. As soon as any band of a window rises a little above
/// the floor it opens, and the detector hears the kept windows first: its memory is warm and the onset is not lost. In case
/// that a voice is too faint to rise, the gate also opens for a moment every six seconds.
public final class GatedDetector: VoiceActivityDetector {
    /// Windows that are heard again when the gate opens: 192 ms.
    public static let replayedWindows = 6
    /// Windows in a row without speech and near the floor that close the gate: half a second, longer than most pauses
    /// between words.
    public static let closingWindows = 16
    /// Windows after which a closed gate opens for a moment: 6 s.
    public static let probeInterval = 188
    /// The rise of a band, in mean deviations from its mean, that opens the gate: about three standard deviations.
    /// Low enough for speech that is no louder than the noise; noise alone exceeds it about once in ten seconds.
    private static let openingExcess: Float = 4

    /// Whether the detector is being asked.
    public private(set) var isOpen = true

    private let detector: any VoiceActivityDetector
    private var floor = NoiseFloor()
    /// While open: windows in a row that speak for closing. While closed: windows since then.
    private var quietWindows = 0
    /// The last windows before this one, as a ring; while open, it is empty.
    private var kept = [Float](repeating: 0, count: replayedWindows * VoiceActivityWindow.samples)
    /// Windows kept since the gate closed.
    private var keptWindows = 0

    /// Puts the gate, open until it knows the room, in front of `detector`, which is reset whenever the gate closes.
    public init(_ detector: any VoiceActivityDetector) { self.detector = detector }

    /// Yes if the detector hears speech in `window`, or in one of the kept windows that it is shown before.
    public func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        let levels = BandLevels.measure(window)
        let rises = any(floor.excess(levels) .> Self.openingExcess)
        quietWindows += 1
        var isSpeech = false
        if !isOpen {
            guard rises || quietWindows >= Self.probeInterval else {
                floor.observe(levels, isNoise: true)
                keep(window)
                return false
            }
            isOpen = true
            // After a mere probe the first no closes again.
            quietWindows = Self.closingWindows
            isSpeech = replay()
        }
        isSpeech = detector.isSpeech(window) || isSpeech
        floor.observe(levels, isNoise: !isSpeech)
        if isSpeech {
            quietWindows = 0
        } else if rises {
            // Half the patience, as long as it may have been the noise itself.
            quietWindows = min(quietWindows, Self.closingWindows / 2)
        }
        if quietWindows >= Self.closingWindows {
            isOpen = false
            quietWindows = 0
            detector.reset()
        }
        return isSpeech
    }

    public func levelChanged(by decibels: Float) {
        floor.shift(by: decibels)
        // Behind a closed gate it knows no level.
        if isOpen { detector.levelChanged(by: decibels) }
    }

    public func reset() {
        detector.reset()
        floor = NoiseFloor()
        isOpen = true
        quietWindows = 0
        keptWindows = 0
    }

    private func keep(_ window: UnsafeBufferPointer<Float>) {
        let start = keptWindows % Self.replayedWindows * VoiceActivityWindow.samples
        for (index, sample) in window.enumerated() { kept[start + index] = sample }
        keptWindows += 1
    }

    /// Shows the kept windows to the detector, oldest first; whether it heard speech in any.
    private func replay() -> Bool {
        var isSpeech = false
        kept.withUnsafeBufferPointer { kept in
            for window in max(0, keptWindows - Self.replayedWindows)..<keptWindows {
                let start = window % Self.replayedWindows * VoiceActivityWindow.samples
                let samples = UnsafeBufferPointer(rebasing: kept[start..<start + VoiceActivityWindow.samples])
                isSpeech = detector.isSpeech(samples) || isSpeech
            }
        }
        keptWindows = 0
        return isSpeech
    }
}
