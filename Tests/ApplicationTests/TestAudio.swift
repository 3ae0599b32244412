import SpeechPipeline

/// Sound whose speech is known: each two seconds hold one second of a loud square wave.
enum TestAudio {
    static func bursts(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<count {
            for i in 0..<32_000 {
                let sample: Int16 = i < 16_000 ? (i / 40 % 2 == 0 ? 8000 : -8000) : 0
                withUnsafeBytes(of: sample.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }
}

/// Says speech when it is loud.
final class LoudnessDetector: VoiceActivityDetector {
    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool { window.contains { abs($0) > 0.1 } }
    func reset() {}
}
