import SpeechModel

/// Samples as a WAV file: 16 kHz, mono, 16-bit.
enum WaveFile {
    static func bytes(of samples: [Int16]) -> [UInt8] {
        let size = UInt32(samples.count * 2)
        let rate = UInt32(SampleTime.rate)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + Int(size))
        func append(_ text: StaticString) { text.withUTF8Buffer { bytes += $0 } }
        func append<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
        }
        append("RIFF")
        append(36 + size)
        append("WAVEfmt ")
        append(16 as UInt32)
        append(1 as UInt16)  // PCM
        append(1 as UInt16)  // channels
        append(rate)
        append(rate * 2)  // bytes per second
        append(2 as UInt16)  // bytes per frame
        append(16 as UInt16)  // bits
        append("data")
        append(size)
        for sample in samples { append(sample) }
        return bytes
    }
}
