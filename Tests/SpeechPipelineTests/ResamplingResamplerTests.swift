import Glibc
import SpeechModel
import SpeechPipeline
import Testing

@Suite struct ResamplerTests {
    /// The customary rates, and odd ones whose filters interpolate between phases.
    static let rates = [8000, 11_025, 12_000, 12_345, 16_001, 22_050, 24_000, 32_000, 44_100, 47_999, 48_000]

    @Test(arguments: rates.filter { $0 > 16_001 })
    func `What lies above 8 kHz is at least 80 dB down when the rate falls`(rate: Int) {
        let nyquist = Double(rate) / 2
        for frequency in stride(from: 8000, through: nyquist - 50, by: (nyquist - 8050) / 15) {
            let response = ToneResponse(inputRate: rate, frequency: frequency)
            #expect(response.residue <= -80, "\(frequency) Hz")
        }
    }

    @Test(arguments: rates)
    func `Every tone below the Nyquist frequencies comes without images, aliases or noise above −80 dB`(rate: Int) {
        let nyquist = Double(min(rate, 16_000)) / 2
        for frequency in stride(from: 60, through: nyquist - 20, by: (nyquist - 80) / 20) {
            let response = ToneResponse(inputRate: rate, frequency: frequency)
            #expect(response.residue <= -80, "\(frequency) Hz")
        }
    }

    @Test(arguments: rates)
    func `The pass band is flat within a hundredth of a dB and without delay up to seven eighths of the Nyquist frequency`(
        rate: Int
    ) {
        let edge = Double(min(rate, 16_000)) / 2 * 7 / 8
        for frequency in stride(from: 60, through: edge, by: (edge - 60) / 20) {
            let response = ToneResponse(inputRate: rate, frequency: frequency)
            #expect(abs(response.gain) <= 0.01, "\(frequency) Hz")
            #expect(abs(response.delay) <= 0.001, "\(frequency) Hz")
        }
    }

    @Test(arguments: rates)
    func `A constant stays what it is`(rate: Int) {
        let output = resample(Array(repeating: 0.5, count: rate), inputRate: rate, chunks: [480])
        #expect(output.dropFirst(200).dropLast(200).allSatisfy { abs($0 - 0.5) < 1e-5 })
    }

    @Test(arguments: rates + [16_000])
    func `The result does not depend on how the input was cut`(rate: Int) {
        var random = SplitMix(state: UInt64(rate))
        let input = (0..<rate / 5).map { _ in Float.random(in: -1...1, using: &random) }
        let whole = resample(input, inputRate: rate, chunks: [input.count])
        let random1 = (0..<50).map { _ in Int.random(in: 1...700, using: &random) }
        for chunks in [[1], [7, 1, 1024], [1023, 1025, 2], random1] {
            #expect(resample(input, inputRate: rate, chunks: chunks) == whole)
        }
    }

    @Test func `To 48 kHz and back nothing is lost below 7 kHz, not even a sample`() {
        let input = (0..<16_000).map { 0.5 * sin(Float($0) * 0.7) }
        var up = Resampler(inputRate: 16_000, outputRate: 48_000)
        var down = Resampler(inputRate: 48_000)
        var middle: [Float] = []
        var output: [Float] = []
        input.withUnsafeBufferPointer { up.resample($0, into: &middle) }
        up.flush(into: &middle)
        #expect(middle.count == 48_000)
        middle.withUnsafeBufferPointer { down.resample($0, into: &output) }
        down.flush(into: &output)
        #expect(output.count == input.count)
        #expect(zip(input, output).dropFirst(200).dropLast(200).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    @Test(arguments: rates + [16_000])
    func `The output is as long as the input, rounded up`(rate: Int) {
        for count in [0, 1, 2, 3, 100, 479, 480, 1024, 4999, rate] {
            let output = resample(Array(repeating: 0.1, count: count), inputRate: rate, chunks: [max(1, count)])
            #expect(output.count == (count * 16_000 + rate - 1) / rate, "\(count) samples")
        }
    }

    @Test(arguments: [48_000, 32_000, 8000, 44_100])
    func `A click comes out where it went in, with a symmetric response`(rate: Int) {
        // At half a second, which is a whole sample at both rates.
        var input = [Float](repeating: 0, count: rate)
        input[rate / 2] = 1
        let output = resample(input, inputRate: rate, chunks: [333])
        #expect(output.indices.max { output[$0] < output[$1] } == 8000)
        for distance in 1...200 { #expect(abs(output[8000 - distance] - output[8000 + distance]) < 1e-6) }
    }

    @Test(arguments: rates)
    func `All but the filter's look-ahead is there at once`(rate: Int) {
        var resampler = Resampler(inputRate: rate)
        let input = [Float](repeating: 0, count: 4800)
        var output: [Float] = []
        input.withUnsafeBufferPointer { resampler.resample($0, into: &output) }
        #expect(output.count == ((4800 - resampler.lookahead) * 16_000 + rate - 1) / rate)
        #expect(Double(resampler.lookahead) / Double(rate) <= 0.006)
    }

    @Test func `Audio at 16 kHz is copied bit for bit, without delay`() {
        let input = (0..<777).map { Float($0) / 777 }
        var resampler = Resampler(inputRate: 16_000)
        var output: [Float] = [9]
        input.withUnsafeBufferPointer { resampler.resample($0, into: &output) }
        #expect(output == [9] + input && resampler.lookahead == 0)
        resampler.flush(into: &output)
        #expect(output.count == 778)
    }

    @Test func `After a flush a new stream begins`() {
        let input = (0..<5000).map { Float($0 % 100) / 100 }
        var resampler = Resampler(inputRate: 44_100)
        var first: [Float] = []
        var second: [Float] = []
        for _ in 0..<2 {
            swap(&first, &second)
            second.removeAll()
            input.withUnsafeBufferPointer { resampler.resample($0, into: &second) }
            resampler.flush(into: &second)
        }
        #expect(first == second && first.count == 1815)
    }

    @Test(arguments: rates + [16_000])
    func `Positions convert to the input's rate and back without ever running ahead`(rate: Int) {
        let resampler = Resampler(inputRate: rate)
        for sample in [0, 1, 2, 3, 511, 512, 16_000, 16_001, 1_000_003, 57_600_000] {
            let time = SampleTime(sample)
            let index = resampler.inputSample(at: time)
            #expect(index * 16_000 <= sample * rate && (index + 1) * 16_000 > sample * rate)
            #expect(resampler.time(ofInputSample: index) <= time)
            let back = resampler.time(ofInputSample: sample)
            #expect(back.sample * rate <= sample * 16_000 && (back.sample + 1) * rate > sample * 16_000)
        }
        #expect(resampler.inputSample(at: SampleTime(16_000)) == rate)
        #expect(resampler.time(ofInputSample: rate) == SampleTime(16_000))
    }
}
