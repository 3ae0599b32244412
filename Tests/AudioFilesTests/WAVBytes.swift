/// Builds WAV files, sound and broken ones, byte by byte.
struct WAVBytes {
    var riff = "RIFF"
    var riffSize: UInt32?
    var tag: UInt16 = 1
    var channels: UInt16 = 1
    var rate: UInt32 = 16_000
    var bits: UInt16 = 16
    var blockAlign: UInt16?
    /// Bytes of the format chunk behind its 16 common ones, without the length that stands in front of an extension.
    var formatExtension: [UInt8] = []
    /// Chunks in front of the samples.
    var chunks: [UInt8] = []
    var dataSize: UInt32?
    var data: [UInt8] = []

    static func little(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }

    static func chunk(_ name: String, _ body: [UInt8], size: UInt32? = nil) -> [UInt8] {
        name.utf8 + little(size ?? UInt32(body.count)) + body + (body.count % 2 == 1 ? [0] : [])
    }

    var formatBody: [UInt8] {
        let align = blockAlign ?? channels &* ((bits + 7) / 8)
        return Self.little(tag) + Self.little(channels) + Self.little(rate) + Self.little(rate &* UInt32(align))
            + Self.little(align)
            + Self.little(bits) + formatExtension
    }

    var header: [UInt8] {
        let front = Array("WAVE".utf8) + chunks + Self.chunk("fmt ", formatBody) + "data".utf8
        let size = dataSize ?? UInt32(data.count)
        return riff.utf8 + Self.little(riffSize ?? UInt32(clamping: front.count + 4 + data.count)) + front + Self.little(size)
    }

    var bytes: [UInt8] { header + data }

    static func samples(_ values: [Int16]) -> [UInt8] { values.flatMap { little($0) } }
    static func samples(_ values: [Float]) -> [UInt8] { values.flatMap { little($0.bitPattern) } }
}
