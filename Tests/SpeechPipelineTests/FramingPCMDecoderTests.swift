import SpeechModel
import SpeechPipeline
import Testing

@Suite struct PCMDecoderTests {
    /// Decodes `pieces`, one call each.
    private func decode(
        _ pieces: [[UInt8]], channels: Int = 1, encoding: AudioFormat.Encoding = .int16
    ) throws -> (samples: [Float], pending: Int) {
        var decoder = PCMDecoder(format: try AudioFormat(sampleRate: 16_000, channels: channels, encoding: encoding))
        var samples: [Float] = []
        for piece in pieces { try piece.withUnsafeBytes { try decoder.decode($0, into: &samples) } }
        return (samples, decoder.pendingBytes)
    }

    private func bytes(_ samples: [Float]) -> [UInt8] {
        samples.flatMap { sample in withUnsafeBytes(of: sample.bitPattern.littleEndian) { Array($0) } }
    }

    @Test func `16-bit samples are little-endian and scaled by 32768`() throws {
        let samples = try decode([[0x00, 0x00, 0x00, 0x80, 0xFF, 0x7F, 0x00, 0x40, 0xFF, 0xFF]]).samples
        #expect(samples == [0, -1, 32767 / 32768, 0.5, -1 / 32768])
    }

    @Test func `Stereo is averaged`() throws {
        #expect(try decode([[0x00, 0x40, 0x00, 0xC0, 0x00, 0x40, 0x00, 0x00]], channels: 2).samples == [0, 0.25])
        #expect(try decode([[0x00, 0x80, 0x00, 0x80]], channels: 2).samples == [-1])
        #expect(try decode([bytes([0.5, 0.25, -1, 1])], channels: 2, encoding: .float32).samples == [0.375, 0])
    }

    @Test func `Float samples beyond full scale are clipped, however far`() throws {
        let samples = try decode(
            [bytes([0.5, -0.25, 1.5, -3, .greatestFiniteMagnitude, -.greatestFiniteMagnitude])], encoding: .float32)
        #expect(samples.samples == [0.5, -0.25, 1, -1, 1, -1])
        let loud = Float.greatestFiniteMagnitude
        #expect(try decode([bytes([loud, loud])], channels: 2, encoding: .float32).samples == [1])
    }

    @Test(arguments: AudioFormat.Encoding.allCases, [1, 2])
    func `Bytes may be cut anywhere`(encoding: AudioFormat.Encoding, channels: Int) throws {
        var random = SplitMix(state: 7)
        let count = 240
        let whole: [UInt8] =
            encoding == .int16
            ? (0..<count).map { _ in .random(in: .min ... .max, using: &random) }
            : bytes((0..<count / 4).map { _ in .random(in: -1...1, using: &random) })
        let expected = try decode([whole], channels: channels, encoding: encoding).samples
        #expect(expected.count == count / channels / encoding.bytesPerSample)
        for _ in 0..<200 {
            var pieces: [[UInt8]] = []
            var rest = whole[...]
            while !rest.isEmpty {
                let piece = rest.prefix(.random(in: 0...11, using: &random))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let (samples, pending) = try decode(pieces, channels: channels, encoding: encoding)
            #expect(samples == expected && pending == 0)
        }
    }

    @Test func `A truncated sample is kept and counted, not invented`() throws {
        for (count, pending) in [(0, 0), (1, 1), (2, 0), (3, 1)] {
            let result = try decode([Array(repeating: 1, count: count)])
            #expect(result.samples.count == count / 2 && result.pending == pending)
        }
        for count in 0..<17 {
            let result = try decode([Array(repeating: 0, count: count)], channels: 2, encoding: .float32)
            #expect(result.samples.count == count / 8 && result.pending == count % 8)
        }
    }

    @Test(arguments: [Float.nan, .signalingNaN, .infinity, -.infinity], [1, 2])
    func `A float that is not finite is refused, and the call leaves no trace`(bad: Float, channels: Int) throws {
        var decoder = PCMDecoder(format: try AudioFormat(sampleRate: 16_000, channels: channels, encoding: .float32))
        var samples: [Float] = [0.125]
        // A frame that was cut, so that it is the completed frame or a later one that is bad.
        try bytes([0.5, 0.5]).prefix(channels * 4 - 1).withUnsafeBytes {
            try decoder.decode($0, into: &samples)
        }
        let pending = decoder.pendingBytes
        let rest = bytes([0.5, 0.5]).suffix(1)
        // Bad in the last channel of a later frame; then in the first of the next.
        for values in [Array(repeating: 0, count: channels - 1) + [bad], [bad] + Array(repeating: 0, count: channels - 1)] {
            let call = Array(bytes([0.5, 0.5]).dropFirst(pending).prefix(channels * 4 - pending)) + bytes(values + [0.25, 0.25])
            let error = #expect(throws: SpeechError.self) {
                try call.withUnsafeBytes { try decoder.decode($0, into: &samples) }
            }
            #expect(error?.code == .invalidAudio && error?.advice.contains("pcm_f32le") == true)
            #expect(samples == [0.125] && decoder.pendingBytes == pending)
        }
        // The stream can go on where it was.
        try Array(rest).withUnsafeBytes { try decoder.decode($0, into: &samples) }
        #expect(samples == [0.125, 0.5] && decoder.pendingBytes == 0)
    }

    @Test func `A completed frame that is not finite is refused too`() throws {
        var decoder = PCMDecoder(format: try AudioFormat(sampleRate: 16_000, channels: 1, encoding: .float32))
        var samples: [Float] = []
        let nan = bytes([.nan])
        try nan.prefix(3).withUnsafeBytes { try decoder.decode($0, into: &samples) }
        #expect(throws: SpeechError.self) {
            try nan.suffix(1).withUnsafeBytes { try decoder.decode($0, into: &samples) }
        }
        #expect(samples.isEmpty && decoder.pendingBytes == 3)
    }
}
