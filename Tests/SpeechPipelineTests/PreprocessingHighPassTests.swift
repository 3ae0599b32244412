import Foundation
import SpeechModel
import Testing

@testable import SpeechPipeline

@Suite struct `The high-pass` {
    private func filtered(_ samples: [Float]) -> [Float] {
        var filter = HighPass()
        var samples = samples
        samples.withUnsafeMutableBufferPointer { filter.filter($0) }
        return samples
    }

    /// In dB, of a tone that has settled.
    private func response(_ hertz: Double) -> Float {
        let tone = (0..<64_000).map { Float(0.5 * sin(2 * .pi * hertz * Double($0) / 16_000)) }
        return Fixtures.decibels(filtered(tone).suffix(32_000)) - Fixtures.decibels(tone.suffix(32_000))
    }

    /// The Butterworth response, |H|² = 1 / (1 + (cutoff / f)⁸), with the frequencies bent by the bilinear transform.
    @Test(arguments: [20.0, 50, 60, 100, 130, 200, 1000, 7000]) func `has the response of its order`(hertz: Double) {
        let bent = tan(.pi * HighPass.cutoff / 16_000) / tan(.pi * hertz / 16_000)
        let expected = Float(-10 * log10(1 + pow(bent, 8)))
        #expect(abs(response(hertz) - max(expected, -80)) < (expected < -50 ? 3 : 0.1))
    }

    @Test func `lets a voice pass, and what recognisers look at`() {
        #expect(abs(response(HighPass.cutoff) + 3) < 0.1)
        for hertz in [140.0, 200, 500, 2000, 7500] { #expect(abs(response(hertz)) < 0.4) }
    }

    @Test func `forgets an offset within a tenth of a second, with little overshoot`() {
        let step = filtered([Float](repeating: 0.5, count: 16_000))
        #expect(step.suffix(14_400).allSatisfy { abs($0) < 0.001 })
        #expect(step.allSatisfy { abs($0) <= 0.5 })
        #expect(step.suffix(8000).allSatisfy { $0 == 0 || abs($0) > 1e-30 }, "no denormal numbers")
    }

    @Test func `does not depend on how the audio was cut`() {
        let noise = Noise.pink.samples(8192, level: -20)
        var filter = HighPass()
        var pieces: [Float] = []
        for window in Fixtures.windows(of: noise) {
            var window = Array(window)
            window.withUnsafeMutableBufferPointer { filter.filter($0) }
            pieces += window
        }
        let isSame = pieces == filtered(noise)
        #expect(isSame)
    }
}

@Suite struct `The rumble filter` {
    private func heard(_ samples: [Float], speech: [Bool], isAutomatic: Bool = true) -> (samples: [Float], engaged: [Bool]) {
        var filter = RumbleFilter(isAutomatic: isAutomatic)
        var output: [Float] = []
        var engaged: [Bool] = []
        for (window, isSpeech) in zip(Fixtures.windows(of: samples), speech) {
            var window = Array(window)
            window.withUnsafeMutableBufferPointer { filter.apply(to: $0) }
            filter.observe(isSpeech: isSpeech)
            output += window
            engaged.append(filter.isEngaged)
        }
        return (output, engaged)
    }

    private func rumble(_ count: Int, level: Float) -> [Float] {
        let amplitude = pow(10, level / 20) * Float(2).squareRoot()
        return (0..<count).map { amplitude * sin(2 * .pi * 35 * Float($0) / 16_000) }
    }

    @Test(arguments: Noise.allCases) func `leaves speech in ordinary noise as it is, bit for bit`(noise: Noise) throws {
        let stream = try NoisySpeech(noise, signalToNoise: 10)
        let (samples, engaged) = heard(stream.samples, speech: stream.speech)
        let isUntouched = samples == Array(stream.samples.prefix(samples.count))
        #expect(isUntouched)
        #expect(!engaged.contains(true))
    }

    @Test func `takes rumble away that is as loud as the voice, and before anybody spoke`() throws {
        let stream = try NoisySpeech(.white, signalToNoise: 40)
        let rumble = rumble(stream.samples.count, level: -18)
        let (samples, engaged) = heard(zip(stream.samples, rumble).map { $0 + $1 }, speech: stream.speech)
        let first = try #require(stream.speech.firstIndex(of: true))
        let on = try #require(engaged.firstIndex(of: true))
        #expect(on < first / 2 && !engaged[on...].contains(false))
        let pause = samples[(first / 2 * 512)..<(first * 512 - 8192)]
        #expect(Fixtures.decibels(pause) < -18 - 34)
    }

    @Test func `lets go when the rumble is over, without a click`() throws {
        let voice = Noise.white.samples(20 * 16_000, level: -26)
        let rumble = rumble(voice.count, level: -18).enumerated().map { $0 < voice.count / 2 ? $1 : 0 }
        // Somebody speaks every second second.
        let speech = (0..<voice.count / 512).map { $0 / 31 % 2 == 1 }
        let room = zip(voice, rumble).enumerated().map { index, pair in
            (speech[min(index / 512, speech.count - 1)] ? pair.0 : 0) + pair.1
        }
        let (samples, engaged) = heard(room, speech: speech)
        #expect(engaged[300] && !engaged[engaged.count - 1])
        let isUntouched = Array(samples.suffix(32_000)) == Array(room.prefix(samples.count).suffix(32_000))
        #expect(isUntouched)
    }

    @Test func `always on is the filter itself`() {
        let noise = Noise.pink.samples(16_384, level: -30)
        var filter = HighPass()
        var expected = noise
        expected.withUnsafeMutableBufferPointer { filter.filter($0) }
        let speech = [Bool](repeating: false, count: 32)
        let isSame = heard(noise, speech: speech, isAutomatic: false).samples == expected
        #expect(isSame)
    }
}
