import Glibc

/// A high-pass that is there when it is needed: where what lies below a voice is as loud as the voice. (As loud, it cost no words in our
/// measurements, and ten times as loud half of them.)
///
/// The filter always runs, so that its output is at hand; what it takes away in pauses is compared with what it leaves of a voice.
struct RumbleFilter: Sendable {
    /// What begins to be filtered goes on being so until it is this much quieter than the voice, in dB.
    static let hysteresis: Float = 6
    /// How loud a voice is before one was heard, in dB relative to full scale.
    private static let usualVoice: Float = -26
    /// Memory in windows: half a second of rumble, two seconds of speech.
    private static let rumbleMemory: Float = 16
    private static let voiceMemory: Float = 64

    /// Whether the filtered audio is what is heard.
    private(set) var isEngaged: Bool
    private let isAutomatic: Bool
    private var highPass = HighPass()
    private var filtered = [Float](repeating: 0, count: VoiceActivityWindow.samples)
    /// The share of the filtered audio at the end of the last window.
    private var share: Float
    /// Mean powers.
    private var rumble: Float = 0
    private var voice: Float = pow(10, usualVoice / 10)
    /// Powers of the last window: what was taken away, and what was left.
    private var removed: Float = 0
    private var left: Float = 0

    /// Makes a filter at the beginning of a stream that is applied at once, or when it is needed.
    init(isAutomatic: Bool) {
        self.isAutomatic = isAutomatic
        isEngaged = !isAutomatic
        share = isAutomatic ? 0 : 1
    }

    /// Filters the next window in place.
    mutating func apply(to window: UnsafeMutableBufferPointer<Float>) {
        // Taken out, because two parts of this value cannot be changed at once.
        var filtered: [Float] = []
        swap(&filtered, &self.filtered)
        filtered.withUnsafeMutableBufferPointer {
            apply(to: window, filtered: UnsafeMutableBufferPointer(rebasing: $0[..<window.count]))
        }
        swap(&filtered, &self.filtered)
    }

    private mutating func apply(to window: UnsafeMutableBufferPointer<Float>, filtered: UnsafeMutableBufferPointer<Float>) {
        _ = filtered.update(from: window)
        highPass.filter(filtered)
        if isAutomatic {
            left = power(filtered)
            removed = max(0, power(window) - left)
        }
        let goal: Float = isEngaged ? 1 : 0
        guard share != goal else {
            if isEngaged { _ = window.update(from: filtered) }
            return
        }
        let step = (goal - share) / Float(window.count)
        for index in window.indices {
            share += step
            window[index] += (filtered[index] - window[index]) * share
        }
        share = goal
    }

    /// Takes what the detector said of the window that was filtered last.
    mutating func observe(isSpeech: Bool) {
        guard isAutomatic else { return }
        if isSpeech {
            voice += (left - voice) / Self.voiceMemory
        } else {
            rumble += (removed - rumble) / Self.rumbleMemory
        }
        isEngaged = rumble > voice * pow(10, (isEngaged ? -Self.hysteresis : 0) / 10)
    }

    private func power(_ samples: UnsafeMutableBufferPointer<Float>) -> Float {
        samples.reduce(0) { $0 + $1 * $1 } / Float(samples.count)
    }
}
