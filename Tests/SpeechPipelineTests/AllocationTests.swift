import CAllocationCounter
import SpeechModel
import SpeechPipeline
import Testing

@Suite(.enabled(if: allocation_counter_works(), "a sanitizer has an allocator of its own"))
struct AllocationTests {
    /// Allocations of `body` on this thread.
    private func allocations(_ body: () throws -> Void) rethrows -> Int64 {
        let before = allocation_counter_value()
        try body()
        return allocation_counter_value() - before
    }

    @Test func `The counter counts what Swift allocates`() {
        final class Something {}
        var kept: [AnyObject] = []
        kept.reserveCapacity(10)
        #expect(allocations { for _ in 0..<10 { kept.append(Something()) } } == 10)
        var numbers: [Int] = []
        #expect(allocations { numbers.append(1) } == 1)
        let aligned = allocations {
            UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64).deallocate()
        }
        #expect(aligned == 1)
        #expect(allocations {} == 0)
        #expect(kept.count + numbers.count == 11)
    }

    @Test(arguments: [8000, 16_000, 22_050, 44_100, 47_999, 48_000], AudioFormat.Encoding.allCases)
    func `Framing, resampling, preprocessing, ring, voice activity and endpointing allocate nothing per frame after the warm-up`(
        rate: Int, encoding: AudioFormat.Encoding
    ) throws {
        let format = try AudioFormat(sampleRate: rate, channels: 2, encoding: encoding)
        let bytes = audio(seconds: 16, format: format)
        // 20 ms and a bit, so that samples are torn.
        let size = format.bytesPerFrame * rate / 50 + 3
        let frames = stride(from: 0, to: bytes.count - size, by: size).map { $0..<$0 + size }
        var stages = Stages(format: format)
        let half = frames.count / 2
        for frame in frames[..<half] { try stages.hear(bytes, frame) }
        let before = stages.utterances
        let counted = try allocations {
            for frame in frames[half...] { try stages.hear(bytes, frame) }
        }
        #expect(counted == 0, "in \(frames.count - half) frames")
        #expect(stages.utterances >= before + 2, "the second half must hold speech, and the gate open and close")
    }

    /// Noise with a louder second in every four.
    private func audio(seconds: Int, format: AudioFormat) -> [UInt8] {
        let noise = Noise.white.samples(seconds * format.sampleRate, level: -60)
        return noise.enumerated().flatMap { index, sample in
            let loud = index / format.sampleRate % 4 == 2
            let value = loud ? sample * 100 : sample
            return (0..<format.channels).flatMap { _ in
                switch format.encoding {
                case .int16: withUnsafeBytes(of: Int16(value * 32767).littleEndian) { Array($0) }
                case .float32: withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
                }
            }
        }
    }
}

/// The first four stages of the pipeline, chained as simply as can be.
private struct Stages {
    /// Stands in for an expensive detector.
    private final class LevelDetector: VoiceActivityDetector {
        func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
            var power: Float = 0
            for sample in window { power += sample * sample }
            return power / Float(window.count) > 1e-4
        }

        func reset() {}
    }

    private(set) var utterances = 0
    private var decoder: PCMDecoder
    private var resampler: Resampler
    private var ring = SampleRing()
    private var preprocessor = Preprocessor(highPass: .auto, gain: .on)
    private let gate = GatedDetector(LevelDetector())
    private var endpointer = Endpointer(strategy: FixedSilence())
    private var decoded: [Float] = []
    private var resampled: [Float] = []
    private var time = SampleTime.zero

    init(format: AudioFormat) {
        decoder = PCMDecoder(format: format)
        resampler = Resampler(inputRate: format.sampleRate)
    }

    private static func treat(
        _ samples: inout [Float], _ preprocessor: inout Preprocessor, _ ring: inout SampleRing, _ gate: GatedDetector
    ) -> Bool {
        samples.withUnsafeMutableBufferPointer {
            let window = UnsafeMutableBufferPointer(rebasing: $0[..<VoiceActivityWindow.samples])
            let change = preprocessor.apply(to: window)
            if change != 0 { gate.levelChanged(by: change) }
            ring.append(UnsafeBufferPointer(window))
            let isSpeech = gate.isSpeech(UnsafeBufferPointer(window))
            preprocessor.observe(isSpeech: isSpeech)
            return isSpeech
        }
    }

    mutating func hear(_ bytes: [UInt8], _ range: Range<Int>) throws {
        try bytes.withUnsafeBytes { bytes in
            try decoder.decode(UnsafeRawBufferPointer(rebasing: bytes[range]), into: &decoded)
        }
        decoded.withUnsafeBufferPointer { resampler.resample($0, into: &resampled) }
        decoded.removeAll(keepingCapacity: true)

        while resampled.count >= VoiceActivityWindow.samples {
            let isSpeech = Self.treat(&resampled, &preprocessor, &ring, gate)
            resampled.removeFirst(VoiceActivityWindow.samples)
            time = time + VoiceActivityWindow.samples
            if case .speechStarted(let start) = endpointer.advance(isSpeech: isSpeech, windowEnd: time) {
                var pieces = 0
                ring.withSamples(in: start..<time) { if !$0.isEmpty { pieces += 1 } }
                if pieces > 0 { utterances += 1 }
            }
        }
    }
}
