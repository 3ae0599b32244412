import Foundation

/// A WAV file of its own name, removed with this.
final class WAVFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID()).wav").path

    /// Mono, 16 bits.
    init(samples: [Int16], sampleRate: UInt32 = 16_000) throws {
        func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        let data = samples.flatMap { bytes($0) }
        var file = Array("RIFF".utf8) + bytes(UInt32(36 + data.count)) + Array("WAVEfmt ".utf8) + bytes(UInt32(16))
        file +=
            bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(sampleRate) + bytes(2 * sampleRate) + bytes(UInt16(2)) + bytes(UInt16(16))
        file += Array("data".utf8) + bytes(UInt32(data.count)) + data
        try Data(file).write(to: URL(fileURLWithPath: path))
    }

    deinit { unlink(path) }
}
