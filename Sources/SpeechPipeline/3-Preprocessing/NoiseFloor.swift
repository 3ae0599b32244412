/// What the room sounds like when nobody speaks: mean and spread of the level in each band.
///
/// Follows the windows that were judged to be noise. In case those judgements are wrong (a fan was switched on and is taken
/// for speech), the quietest moment of the last four seconds lifts it, since speech with its pauses does not stay above
/// that: a simple form of minimum statistics (Martin, *Noise power spectral density estimation based on optimal smoothing
/// and minimum statistics*, 2001).
struct NoiseFloor: Sendable {
    /// Mean level of each band in dB.
    private(set) var mean = BandLevels.Bands(repeating: loudestStart)
    /// Mean absolute deviation from it in dB.
    private(set) var deviation = BandLevels.Bands(repeating: initialDeviation)

    /// Windows followed so far.
    private var followed = 0
    /// The mean levels of the last stretches, as a ring, and the unfinished one.
    private var stretches = [BandLevels.Bands](repeating: .init(repeating: BandLevels.silence), count: stretchCount)
    private var nextStretch = 0
    private var sum = BandLevels.Bands.zero
    private var summed = 0

    /// The highest floor, in dB, that the first window sets, since it may be speech.
    private static let loudestStart: Float = -30
    /// The spread of white noise in the narrowest bands, and the bounds of what is believed, in dB.
    private static let initialDeviation: Float = 1.5
    private static let deviations: ClosedRange<Float> = 0.3...3
    /// Memory in windows, about a second; the spread is believed after a quarter of it.
    private static let memory = 32
    /// Mean deviations from the mean that noise does not reach. A lower level means that the room became quieter.
    private static let outlier: Float = 4
    /// 32 stretches of 4 windows: 4 s.
    private static let stretchCount = 32
    private static let stretchWindows = 4
    /// How far the lowest of so many means of so many windows of noise lies below their mean, in mean deviations.
    private static let minimumBias: Float = 1.25

    /// Whether a window was followed already.
    var isKnown: Bool { followed > 0 }

    /// How far each band is above the floor, in mean absolute deviations.
    func excess(_ levels: BandLevels.Bands) -> BandLevels.Bands { (levels - mean) / deviation }

    /// Remembers the room louder or quieter by so many dB; silence stays silence.
    mutating func shift(by decibels: Float) {
        mean = BandLevels.shifted(mean, by: decibels)
        for index in stretches.indices { stretches[index] = BandLevels.shifted(stretches[index], by: decibels) }
        sum += decibels * Float(summed)
    }

    /// Takes the levels of the next window.
    mutating func observe(_ levels: BandLevels.Bands, isNoise: Bool) {
        if isNoise && isKnown {
            follow(levels, where: .init(repeating: true))
        } else {
            // Not all that is lower: that would draw the mean down to the noise's quietest moments.
            follow(levels, where: levels .< mean - Self.outlier * deviation)
        }
        if isNoise || !isKnown { followed += 1 }

        sum += levels
        summed += 1
        guard summed == Self.stretchWindows else { return }
        stretches[nextStretch] = sum / Float(summed)
        nextStretch = (nextStretch + 1) % Self.stretchCount
        sum = .zero
        summed = 0
        // The mean of noise is never below its lowest stretch. If it is, it is put where that says.
        let lowest = stretches.reduce(stretches[0], pointwiseMin)
        mean.replace(with: lowest + Self.minimumBias * deviation, where: lowest .> mean)
    }

    /// Moves the bands in `mask` towards `levels`: fast at first, then slowly and bounded, as some of the noise may be a
    /// faint voice.
    private mutating func follow(_ levels: BandLevels.Bands, where mask: SIMDMask<SIMD8<Int32>>) {
        let bound = BandLevels.Bands(repeating: followed < Self.memory ? .infinity : Self.outlier) * deviation
        let step = (levels - mean).clamped(lowerBound: -bound, upperBound: bound)
        mean.replace(with: mean + step / Float(min(followed + 1, Self.memory)), where: mask)
        guard followed >= Self.memory / 4 else { return }
        let spread = deviation + (pointwiseMax(step, -step) - deviation) / Float(Self.memory)
        deviation.replace(
            with: spread.clamped(
                lowerBound: .init(repeating: Self.deviations.lowerBound),
                upperBound: .init(repeating: Self.deviations.upperBound)),
            where: mask)
    }
}
