import Foundation
import SpeechModel
import Testing

@testable import SpeechPipeline

@Suite struct `Preprocessing` {
    private final class Loudness: VoiceActivityDetector {
        private(set) var loudest: Float = 0
        func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
            loudest = max(loudest, window.reduce(0) { max($0, abs($1)) })
            return window.contains { abs($0) > 0.002 }
        }
        func reset() {}
    }

    /// What the recogniser gets of two seconds of a tone at −50 dB with an offset, and the loudest sample that the detector got.
    private func recognised(
        highPass: Treatment, gain: Treatment, portion: Int
    ) throws -> (samples: [Int16], loudest: Float, sent: [Int16]) {
        var configuration = SpeechPipeline.Configuration()
        (configuration.highPass, configuration.gain) = (highPass, gain)
        let detector = Loudness()
        var pipeline = SpeechPipeline(
            format: try AudioFormat(sampleRate: 16_000, channels: 1), configuration: configuration, detector: detector)
        let sent = (0..<32_000).map { Int16((146 * sin(2 * .pi * 500 * Double($0) / 16_000)).rounded()) + 20 }
        var heard: [Int16] = []
        for start in stride(from: 0, to: sent.count, by: portion) {
            var actions: [PipelineAction] = []
            try sent[start..<min(start + portion, sent.count)].withUnsafeBytes { try pipeline.ingest($0, into: &actions) }
            if start + portion >= sent.count { pipeline.finish(into: &actions) }
            for case .recognise(_, let range) in actions { pipeline.withSamples(in: range) { heard += $0 } }
        }
        return (heard, detector.loudest, sent)
    }

    @Test(arguments: [320, 512, 4096]) func `that is off changes nothing`(portion: Int) throws {
        let (heard, _, sent) = try recognised(highPass: .off, gain: .off, portion: portion)
        let isSame = Array(heard.prefix(sent.count)) == sent
        #expect(isSame)
    }

    @Test(arguments: [Treatment.auto, .on]) func `reaches detector and recogniser alike, however the audio was cut`(
        gain: Treatment
    ) throws {
        let (heard, loudest, _) = try recognised(highPass: .on, gain: gain, portion: 512)
        let end = heard.dropLast(1024).suffix(8000).map { Float($0) / 32_768 }
        #expect(abs(Fixtures.decibels(end) - AutomaticGain.target) < 0.5)
        #expect(abs(end.reduce(0, +) / 8000) < 0.002, "no offset")
        #expect(abs(loudest - end.map(abs).max()!) < 0.02)
        for portion in [100, 320, 5000] {
            let isSame = try recognised(highPass: .on, gain: gain, portion: portion).samples == heard
            #expect(isSame)
        }
    }
}
