import CSherpaOnnx
import Foundation
import SileroEngine
import SpeechModel
import SpeechPipeline
import Testing

private let native = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: ".native")

func installedNetwork() throws -> SileroNetwork {
    try SileroNetwork(native.appending(path: "models/silero/silero_vad.onnx").path)
}

/// Real speech, then the same fainter and in noise, then noise alone: 512 samples each.
private let windows: [[Float]] = {
    let file = native.appending(path: "speech/goforward.raw")
    let bytes = (try? Data(contentsOf: file)) ?? Data()
    let speech = bytes.withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }.map { Float($0) / 32768 }
    var state: UInt64 = 88_172_645_463_325_252
    func noise() -> Float {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Float(state >> 40) / Float(1 << 24) - 0.5
    }
    var all = speech
    for (gain, level) in [(1, 0.02), (0.3, 0.02), (0.05, 0.01), (1, 0.2), (0, 0.1)] as [(Float, Float)] {
        all += speech.map { $0 * gain + noise() * level }
    }
    return stride(from: 0, to: all.count - 511, by: 512).map { Array(all[$0..<$0 + 512]) }
}()

private func decisions(_ detector: any VoiceActivityDetector) -> [Bool] {
    windows.map { $0.withUnsafeBufferPointer { detector.isSpeech($0) } }
}

@Suite struct SileroDetectorTests {
    /// What sherpa-onnx and ONNX Runtime make of the same network.
    private func expected(threshold: Float) throws -> [Bool] {
        let detector = try native.appending(path: "models/silero/silero_vad.onnx").path.withCString { path in
            try "cpu".withCString { provider in
                var configuration = SherpaOnnxVadModelConfig()
                configuration.silero_vad.model = path
                configuration.silero_vad.threshold = threshold
                configuration.silero_vad.min_silence_duration = 0.03
                configuration.silero_vad.min_speech_duration = 0.01
                configuration.silero_vad.max_speech_duration = 1000
                configuration.silero_vad.window_size = 512
                configuration.sample_rate = 16_000
                configuration.num_threads = 1
                configuration.provider = provider
                return try #require(SherpaOnnxCreateVoiceActivityDetector(&configuration, 60))
            }
        }
        defer { SherpaOnnxDestroyVoiceActivityDetector(detector) }
        return windows.map {
            SherpaOnnxVoiceActivityDetectorAcceptWaveform(detector, $0, Int32($0.count))
            return SherpaOnnxVoiceActivityDetectorDetected(detector) != 0
        }
    }

    @Test(arguments: zip([0, 1, 2, 3], [0.2, 0.35, 0.5, 0.7] as [Float]))
    func `decides as the inference library does with the same network`(aggressiveness: Int, threshold: Float) throws {
        let decided = decisions(SileroDetector(try installedNetwork(), aggressiveness: aggressiveness))
        #expect(decided == (try expected(threshold: threshold)))
        #expect(decided.contains(true) && decided.contains(false) && decided.count > 300)
    }

    @Test func `tells speech from silence and from noise`() throws {
        let network = try installedNetwork()
        var memory = SileroNetwork.Memory()
        let probabilities = windows.map { window in window.withUnsafeBufferPointer { network.probability(of: $0, &memory) } }
        #expect(probabilities.allSatisfy { (0...1).contains($0) })
        #expect(probabilities.prefix(80).max() ?? 0 > 0.99, "of go forward ten meters")
        #expect(probabilities.suffix(60).max() ?? 1 < 0.2, "of noise")
    }

    @Test func `remembers nothing after a reset`() throws {
        let detector = SileroDetector(try installedNetwork(), aggressiveness: 2)
        let first = decisions(detector)
        #expect(decisions(detector) != [], "which leaves it in the middle of something")
        detector.reset()
        #expect(decisions(detector) == first)
    }

    @Test func `serves sessions on several threads with one network`() async throws {
        let network = try installedNetwork()
        let alone = decisions(SileroDetector(network, aggressiveness: 2))
        let together = await withTaskGroup(of: [Bool].self) { group in
            for _ in 0..<4 { group.addTask { decisions(SileroDetector(network, aggressiveness: 2)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(together == Array(repeating: alone, count: 4))
    }
}
