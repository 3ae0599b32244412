import Glibc
import SpeechModel

/// The impulse responses of the anti-alias and anti-image low-pass, one for each position of an output sample between two
/// input samples.
///
/// A Kaiser-windowed sinc (Oppenheim and Schafer, *Discrete-Time Signal Processing*, §7.5). The pass band reaches 7/8 of
/// the lower of the two Nyquist frequencies (7 kHz when the input has at least 16 kHz), the stop band begins at that
/// frequency itself. At 48 kHz that takes 272 taps.
struct FilterBank: Sendable {
    /// Output samples per ``inputStep`` input samples: the ratio of the rates in lowest terms.
    let outputStep: Int
    /// Input samples per ``outputStep`` output samples.
    let inputStep: Int
    /// Taps of one response; a multiple of the vector width. The response is centred between taps `taps / 2 - 1` and `taps / 2`.
    let taps: Int
    /// Positions between two input samples for which there is a response of its own.
    let phases: Int
    /// `phases + 1` responses, one after the other; the last, one whole input sample on, ends the interpolation of the one
    /// before.
    let coefficients: [Float]

    /// Attenuation of the stop band in dB: the promised 80 and a margin for rounding and interpolation.
    private static let attenuation = 86.0
    /// The customary rates need at most 320 phases (22,050 Hz) and are exact. The others interpolate linearly between
    /// neighbours, whose error is below (½ / 320)² = −116 dB.
    private static let maximumPhases = 320
    /// A multiple of what the inner loop takes at a time.
    private static let vectorWidth = 16

    private init(inputRate: Int, outputRate: Int) {
        let common = greatestCommonDivisor(inputRate, outputRate)
        outputStep = outputRate / common
        inputStep = inputRate / common

        let nyquist = Double(min(inputRate, outputRate)) / 2 / Double(inputRate)
        let transition = nyquist / 8
        let cutoff = nyquist - transition / 2
        // Kaiser's own formulas for the shape and the length.
        let beta = 0.1102 * (Self.attenuation - 8.7)
        let length = Int(((Self.attenuation - 7.95) / (14.36 * transition)).rounded(.up))
        let taps = (length + Self.vectorWidth - 1) / Self.vectorWidth * Self.vectorWidth
        let phases = min(outputStep, Self.maximumPhases)

        // One side of the symmetric prototype; neighbours are 1 / phases of an input sample apart. Zero at its end.
        let prototype = (0...phases * taps / 2).map { index in
            let position = Double(index) / Double(phases * taps / 2)
            let window = position < 1 ? besselI0(beta * (1 - position * position).squareRoot()) : 0
            let angle = 2 * Double.pi * cutoff * Double(index) / Double(phases)
            return window * (index == 0 ? 1 : sin(angle) / angle)
        }
        var bank: [Float] = []
        bank.reserveCapacity((phases + 1) * taps)
        for phase in 0...phases {
            let response = (0..<taps).map { tap in prototype[abs(phase + phases * (taps / 2 - 1 - tap))] }
            // A gain of exactly 1 at 0 Hz in every phase: else a constant would get a ripple.
            let gain = 1 / response.reduce(0, +)
            for value in response { bank.append(Float(value * gain)) }
        }
        self.taps = taps
        self.phases = phases
        coefficients = bank
    }

    /// The bank for a pair of rates.
    ///
    /// The two customary rates whose banks are large (170 KB, a millisecond to make) share theirs. Multiples and fractions of
    /// 16 kHz need 4 KB at most. What only an odd rate needs (up to 350 KB) lives and dies with its stream: clients choose rates.
    static func bank(from inputRate: Int, to outputRate: Int) -> FilterBank {
        switch (inputRate, outputRate) {
        case (44_100, SampleTime.rate): bank44100
        case (22_050, SampleTime.rate): bank22050
        default: FilterBank(inputRate: inputRate, outputRate: outputRate)
        }
    }

    private static let bank44100 = FilterBank(inputRate: 44_100, outputRate: SampleTime.rate)
    private static let bank22050 = FilterBank(inputRate: 22_050, outputRate: SampleTime.rate)
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }

/// The modified Bessel function of the first kind and order zero, by its power series.
private func besselI0(_ x: Double) -> Double {
    let quarter = x * x / 4
    var term = 1.0
    var sum = 1.0
    var k = 1.0
    while term > sum * 1e-12 {
        term *= quarter / (k * k)
        sum += term
        k += 1
    }
    return sum
}
