/// The header of a WAV file with mono 16-bit PCM (Microsoft/IBM, Multimedia Programming Interface 1.0, 1991).
public enum WAVWriter {
    /// What stands in front of the samples.
    ///
    /// - Parameter samples: how many follow; nil when that is not known yet, as in a stream: readers go on to the end then.
    public static func header(sampleRate: Int, samples: Int?) -> [UInt8] {
        let bytes = samples.map { UInt32(clamping: $0 * 2) } ?? 0xFFFF_FFFF - 36
        var header: [UInt8] = []
        func put(_ text: String) { header += Array(text.utf8) }
        func put<Value: FixedWidthInteger>(_ value: Value) { withUnsafeBytes(of: value.littleEndian) { header += Array($0) } }
        put("RIFF")
        put(bytes &+ 36)
        put("WAVEfmt ")
        put(UInt32(16))
        put(UInt16(1))
        put(UInt16(1))
        put(UInt32(sampleRate))
        put(UInt32(sampleRate * 2))
        put(UInt16(2))
        put(UInt16(16))
        put("data")
        put(bytes)
        return header
    }

    /// Samples as they stand in the file.
    public static func bytes(_ samples: [Int16]) -> [UInt8] {
        // Little-endian, as every machine that this runs on.
        samples.withUnsafeBytes { Array($0) }
    }
}
