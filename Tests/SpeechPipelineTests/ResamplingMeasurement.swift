import Foundation
import SpeechPipeline

/// What a resampler makes of a sine.
struct ToneResponse {
    /// Level of the sine in the output relative to the input, in dB.
    let gain: Double
    /// Level of everything else in the output relative to the input's sine, in dB: aliases, images, rounding.
    let residue: Double
    /// Delay of the sine in output samples; meaningful within half a period.
    let delay: Double

    /// Sends half a second of a sine of `frequency` Hz through the resampler and measures the part that both ends have left
    /// alone.
    init(inputRate: Int, frequency: Double) {
        let amplitude = 0.5
        let input = (0..<inputRate / 2).map { Float(amplitude * sin(2 * .pi * frequency * Double($0) / Double(inputRate))) }
        let output = resample(input, inputRate: inputRate, chunks: [input.count]).map(Double.init)
        let steady = 400..<output.count - 400

        // The best-fitting sine of that frequency, by least squares; frequencies beyond 8 kHz have none.
        let step = frequency < 8000 ? 2 * .pi * frequency / 16_000 : 0
        var (ss, sc, cc, ys, yc) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for n in steady {
            let (s, c) = (sin(step * Double(n)), cos(step * Double(n)))
            ss += s * s
            sc += s * c
            cc += c * c
            ys += output[n] * s
            yc += output[n] * c
        }
        let determinant = ss * cc - sc * sc
        let (a, b) = step == 0 ? (0, 0) : ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant)
        var rest = 0.0
        for n in steady {
            let difference = output[n] - a * sin(step * Double(n)) - b * cos(step * Double(n))
            rest += difference * difference
        }
        gain = 10 * log10((a * a + b * b) / (amplitude * amplitude))
        residue = 10 * log10(rest / Double(steady.count) / (amplitude * amplitude / 2))
        delay = step == 0 ? 0 : -atan2(b, a) / step
    }
}

/// The whole of `input`, cut into pieces of the sizes in `chunks`, repeated as often as needed, and flushed.
func resample(_ input: [Float], inputRate: Int, chunks: [Int]) -> [Float] {
    var resampler = Resampler(inputRate: inputRate)
    var output: [Float] = []
    var rest = input[...]
    var turn = 0
    while !rest.isEmpty {
        let piece = rest.prefix(chunks[turn % chunks.count])
        piece.withUnsafeBufferPointer { resampler.resample($0, into: &output) }
        rest = rest.dropFirst(piece.count)
        turn += 1
    }
    resampler.flush(into: &output)
    return output
}
