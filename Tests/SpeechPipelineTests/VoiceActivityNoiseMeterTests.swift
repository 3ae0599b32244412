import SpeechModel
import Testing

@testable import SpeechPipeline

@Suite struct `The noise meter` {
    /// Half a second of the room, then a voice in it; whether the meter asks for suppression when the utterance begins.
    private func isNoisy(_ voice: [Float], in noise: Noise, at level: Float) -> Bool {
        let room = noise.samples(16 * 512 + voice.count, level: level)
        let heard = zip(room, Array(repeating: 0, count: 16 * 512) + voice).map { $0 + $1 }
        var meter = NoiseMeter()
        for (index, window) in Fixtures.windows(of: heard).prefix(16 + 12).enumerated() {
            window.withUnsafeBufferPointer { meter.observe($0, isSpeech: index >= 16) }
        }
        return meter.isNoisy
    }

    /// The recordings from where the voice is as loud as it is on average.
    private func voices() throws -> [[Float]] {
        try Fixtures.utterances().map { samples in
            let windows = Fixtures.windows(of: samples)
            let first = windows.firstIndex { Fixtures.decibels($0) > -32 } ?? 0
            return Array(samples[(first * 512)...])
        }
    }

    @Test(arguments: [Noise.white, .pink]) func `hears noise 10 dB below a voice`(noise: Noise) throws {
        for voice in try voices() { #expect(isNoisy(voice, in: noise, at: -36)) }
    }

    @Test(arguments: Noise.allCases) func `does not mind noise 50 dB below a voice`(noise: Noise) throws {
        for voice in try voices() { #expect(!isNoisy(voice, in: noise, at: -76)) }
    }

    @Test func `does not mind a hum that only the lowest band hears`() throws {
        for voice in try voices() { #expect(!isNoisy(voice, in: .hum, at: -50)) }
    }

    @Test func `is not misled by a voice that began before anybody noticed`() throws {
        let voice = try #require(voices().first)
        var meter = NoiseMeter()
        let room = Noise.white.samples(16 * 512, level: -76)
        for window in Fixtures.windows(of: room) { window.withUnsafeBufferPointer { meter.observe($0, isSpeech: false) } }
        for (index, window) in Fixtures.windows(of: voice).prefix(8).enumerated() {
            window.withUnsafeBufferPointer { meter.observe($0, isSpeech: index >= 3) }
        }
        #expect(!meter.isNoisy)
    }

    @Test func `judges the same after a gain changed`() throws {
        let voice = try #require(voices().first)
        for (level, expected) in [(Float(-36), true), (-76, false)] {
            let room = Noise.white.samples(16 * 512 + voice.count, level: level)
            let heard = zip(room, Array(repeating: 0, count: 16 * 512) + voice).map { $0 + $1 }
            var meter = NoiseMeter()
            for (index, window) in Fixtures.windows(of: heard).prefix(16 + 12).enumerated() {
                if index == 16 { meter.shift(by: -20) }
                let louder = window.map { $0 * (index < 16 ? 10 : 1) }
                louder.withUnsafeBufferPointer { meter.observe($0, isSpeech: index >= 16) }
            }
            #expect(meter.isNoisy == expected)
        }
    }

    @Test func `says nothing about a stream that begins with a voice`() throws {
        let voice = try #require(voices().first)
        var meter = NoiseMeter()
        for window in Fixtures.windows(of: voice).prefix(8) {
            window.withUnsafeBufferPointer { meter.observe($0, isSpeech: true) }
        }
        #expect(!meter.isNoisy)
    }
}

@Suite struct `Noise suppression` {
    private final class Loudness: VoiceActivityDetector {
        func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool { window.contains { abs($0) > 0.2 } }
        func reset() {}
    }

    /// What a pipeline in this mode asks of the recogniser for a tone in white noise.
    private func asks(_ mode: Treatment, noise level: Float) throws -> Bool? {
        var configuration = SpeechPipeline.Configuration()
        configuration.noiseSuppression = mode
        var pipeline = SpeechPipeline(
            format: try AudioFormat(sampleRate: 16_000, channels: 1, encoding: .float32), configuration: configuration,
            detector: Loudness())
        let samples = Noise.white.samples(32_000, level: level).enumerated().map { index, noise in
            noise + (index > 16_000 && index / 20 % 2 == 0 ? 0.4 : 0)
        }
        var actions: [PipelineAction] = []
        try samples.withUnsafeBytes { try pipeline.ingest($0, into: &actions) }
        return actions.lazy.compactMap { if case .begin(_, let suppresses, _) = $0 { suppresses } else { nil } }.first
    }

    @Test func `is asked for always, never, or when it is noisy`() throws {
        for level: Float in [-30, -80] {
            #expect(try asks(.on, noise: level) == true)
            #expect(try asks(.off, noise: level) == false)
        }
        #expect(try asks(.auto, noise: -30) == true)
        #expect(try asks(.auto, noise: -80) == false)
    }
}
