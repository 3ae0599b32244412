import Foundation
import SpeechModel
import Testing

@testable import SpeechPipeline

@Suite struct `The automatic gain` {
    /// What comes out of windows that a detector says are speech where `isSpeech` does.
    private func heard(
        _ samples: [Float], isAutomatic: Bool, isSpeech: (Int) -> Bool = { _ in true }
    ) -> (samples: [Float], gain: AutomaticGain) {
        var gain = AutomaticGain(isAutomatic: isAutomatic)
        var output: [Float] = []
        for (index, window) in Fixtures.windows(of: samples).enumerated() {
            var window = Array(window)
            window.withUnsafeMutableBufferPointer { _ = gain.apply(to: $0) }
            gain.observe(isSpeech: isSpeech(index))
            output += window
        }
        return (output, gain)
    }

    private func tone(_ seconds: Double, level: Float, hertz: Float = 300) -> [Float] {
        let amplitude = pow(10, level / 20) * Float(2).squareRoot()
        return (0..<Int(seconds * 16_000)).map { amplitude * sin(2 * .pi * hertz * Float($0) / 16_000) }
    }

    /// Not with `==` in the expectation: it would describe how thousands of samples differ.
    private func isUntouched(_ samples: [Float], _ original: [Float]) -> Bool {
        samples == Array(original.prefix(original.count / 512 * 512))
    }

    @Test(arguments: [Float(-60), -50, -40, -30, -18, -10, -3])
    func `brings a voice to the target within a second and a half, or leaves it near`(
        level: Float
    ) {
        let (samples, gain) = heard(tone(3, level: level), isAutomatic: false)
        let expected = min(AutomaticGain.target, level + AutomaticGain.range.upperBound)
        let isNear = abs(AutomaticGain.target - level) < AutomaticGain.play
        #expect(abs(Fixtures.decibels(samples.suffix(24_000)) - (isNear ? level : expected)) < 0.6)
        #expect(abs(gain.gain - (isNear ? 0 : expected - level)) < 0.6)
    }

    @Test(arguments: [Float(-35), -24, -17, -4]) func `leaves a voice near the target as it is, bit for bit`(level: Float) {
        let voice = tone(5, level: level)
        #expect(isUntouched(heard(voice, isAutomatic: true).samples, voice))
    }

    @Test func `leaves the recordings as they are, bit for bit`() throws {
        for voice in try Fixtures.utterances() {
            let (samples, gain) = heard(voice, isAutomatic: true)
            #expect(isUntouched(samples, voice))
            #expect(!gain.isEngaged)
        }
    }

    @Test func `is idle until a voice was faint for most of a second, and stays in use`() {
        let quiet = tone(0.7, level: -60)
        #expect(isUntouched(heard(quiet, isAutomatic: true).samples, quiet))
        let (samples, gain) = heard(tone(2, level: -50) + tone(2, level: -18), isAutomatic: true)
        #expect(gain.isEngaged)
        #expect(abs(Fixtures.decibels(samples[24_000..<31_744]) - AutomaticGain.target) < 0.6)
        #expect(abs(gain.gain) < 0.6, "the louder voice is at the target by itself")
    }

    @Test func `stands still while a voice's level varies as voices do`() {
        // Syllables, a fifth of a second each, of three loudnesses.
        let voice = (0..<40).flatMap { tone(0.2, level: [-42, -48, -60][$0 % 3]) }
        var gain = AutomaticGain(isAutomatic: true)
        var gains: [Float] = []
        for window in Fixtures.windows(of: voice) {
            var window = Array(window)
            window.withUnsafeMutableBufferPointer { _ = gain.apply(to: $0) }
            gain.observe(isSpeech: true)
            gains.append(gain.gain)
        }
        let settled = gains.suffix(gains.count - 62)
        #expect(settled.max()! - settled.min()! < 0.1)
        #expect(abs(settled.last! - (AutomaticGain.target + 42)) < 1.5)
    }

    @Test func `hears another voice after a pause, within a third of a second`() {
        let near = tone(2, level: -18)
        let pause = [Float](repeating: 0, count: 16_000)
        let far = tone(0.8, level: -45)
        let (samples, _) = heard(near + pause + far, isAutomatic: false) { $0 < 62 || $0 >= 93 }
        let late = samples[(48_000 + 20 * 512)...]
        #expect(abs(Fixtures.decibels(late) - AutomaticGain.target) < 1.5)
    }

    @Test func `stands still in a pause`() {
        let speech = tone(3, level: -40)
        let pause = Noise.white.samples(20 * 16_000, level: -80)
        let (samples, gain) = heard(speech + pause, isAutomatic: false) { $0 < speech.count / 512 }
        #expect(abs(gain.gain - (AutomaticGain.target + 40)) < 0.6)
        #expect(abs(Fixtures.decibels(samples.suffix(16_000)) - (-80 + gain.gain)) < 0.5)
    }

    /// The worst: full gain when somebody shouts, at any place in a window.
    @Test(arguments: [0, 1, 200, 511]) func `never clips, and does not jump`(offset: Int) {
        let quiet = tone(3, level: -60)
        let shout = tone(1, level: -3, hertz: 180)
        let (samples, _) = heard(
            Array(quiet.prefix(48_000 / 512 * 512 + offset)) + shout, isAutomatic: false)
        #expect(samples.allSatisfy { abs($0) < AutomaticGain.ceiling + 1e-6 })
        let noise = Noise.white.samples(16_000, level: -60) + Noise.white.samples(16_000, level: -8, seed: 4)
        #expect(heard(noise, isAutomatic: false).samples.allSatisfy { abs($0) < AutomaticGain.ceiling + 1e-6 })
    }

    @Test func `falls fast enough that a loud word does not stay too loud`() {
        let (samples, _) = heard(tone(3, level: -50) + tone(1, level: -12), isAutomatic: false)
        let after = samples[(48_000 + 8 * 512)...].prefix(4096)
        #expect(abs(Fixtures.decibels(after) - AutomaticGain.target) < 1.5, "after a quarter of a second")
    }

    @Test func `takes silence and says nothing`() {
        let (samples, gain) = heard([Float](repeating: 0, count: 32_000), isAutomatic: false)
        #expect(samples.allSatisfy { $0 == 0 })
        #expect(gain.gain.isFinite && gain.gain <= AutomaticGain.range.upperBound)
    }
}
