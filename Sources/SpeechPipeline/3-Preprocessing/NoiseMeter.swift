/// Says whether a voice stands so little out of the noise around it that a recogniser needs the noise suppressed.
///
/// The measure is the distance between voice and noise in each octave from 250 Hz to 8 kHz, averaged over the octaves: what counts is
/// how many of them are buried, not how loud the hum below them is. (The articulation index weighs bands in the same way: French and
/// Steinberg, "Factors governing the intelligibility of speech sounds", 1947.) At the beginning of a sentence in white noise
/// at 20 dB it is 3 to 26 dB, in pink noise 4 to 29 dB, and 25 to 40 dB in recordings that a suppressor only harms.
struct NoiseMeter: Sendable {
    /// Octave bands that are averaged: all but the lowest, where the hum is.
    private static let bands = 5
    /// Where a voice stands out less, noise is suppressed. The first windows of an utterance are quieter than the voice will be, so the
    /// lower limit counts for them, unless the noise is loud by itself.
    private static let onsetLimit: Float = 25
    private static let limit: Float = 28
    /// Louder than what a quiet room and a microphone bring along, in dB relative to full scale.
    private static let loud: Float = -59
    /// What stands out more does not make up for a band that is buried, in dB.
    private static let ceiling: Float = 40
    /// Noise below this mean level, in dB relative to full scale, disturbs nobody.
    private static let quiet: Float = -70
    /// Windows of speech after which the voice's level is known: one second.
    private static let knownAfter = 31
    /// How much of the voice's highest level is forgotten with each window of speech, in dB.
    private static let forgetting: Float = 0.02
    /// Windows without speech that are remembered: half a second.
    private static let memory = 16

    private var noise = [BandLevels.Bands](repeating: .zero, count: memory)
    private var noiseWindows = 0
    /// The highest level of the voice in each band.
    private var voice = BandLevels.Bands(repeating: BandLevels.silence)
    private var voiceWindows = 0

    /// Takes the next window.
    mutating func observe(_ window: UnsafeBufferPointer<Float>, isSpeech: Bool) {
        let levels = BandLevels.measure(window)
        if isSpeech {
            voice = pointwiseMax(voice - Self.forgetting, levels)
            voiceWindows += 1
        } else {
            noise[noiseWindows % Self.memory] = levels
            noiseWindows += 1
        }
    }

    /// Remembers voice and noise louder or quieter by so many dB.
    mutating func shift(by decibels: Float) {
        voice = BandLevels.shifted(voice, by: decibels)
        for index in noise.indices { noise[index] = BandLevels.shifted(noise[index], by: decibels) }
    }

    /// Whether what was heard so far asks for suppression; false before any noise was heard alone.
    var isNoisy: Bool {
        let count = min(noiseWindows, Self.memory)
        guard count > 0 else { return false }
        var sum: Float = 0
        var distance: Float = 0
        for band in 0..<Self.bands {
            let floor = median(of: band, in: count)
            sum += floor
            distance += min(max(voice[band] - floor, 0), Self.ceiling)
        }
        let level = sum / Float(Self.bands)
        let isCertain = voiceWindows >= Self.knownAfter || level > Self.loud
        return level > Self.quiet && distance / Float(Self.bands) < (isCertain ? Self.limit : Self.onsetLimit)
    }

    /// The median, because a window in which a voice began unnoticed is no noise.
    private func median(of band: Int, in count: Int) -> Float {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { buffer in
            var values = buffer
            for index in 0..<count { values.initializeElement(at: index, to: noise[index][band]) }
            values.sort()
            return values[count / 2]
        }
    }
}
