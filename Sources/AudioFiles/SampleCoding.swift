/// How one sample is written in a WAV or raw file, little-endian.
enum SampleCoding: Hashable {
    case unsigned8, signed16, signed24, signed32, float32, float64

    /// Bytes of one sample in the file.
    var byteCount: Int {
        switch self {
        case .unsigned8: 1
        case .signed16: 2
        case .signed24: 3
        case .signed32, .float32: 4
        case .float64: 8
        }
    }

    /// Whether samples leave the reader as 16-bit integers; all others leave it as 32-bit floats.
    var isDeliveredAsInt16: Bool { self == .signed16 }

    /// Converts `count` samples; integers become floats in −1..<1 by division through their full scale.
    ///
    /// - Parameter source: at least `count` × ``byteCount`` bytes.
    /// - Parameter target: room for `count` samples as delivered.
    func deliver(_ count: Int, from source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        switch self {
        case .signed16, .float32:
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<(count * byteCount)]))
        case .unsigned8:
            convert(count, into: target) { index in (Float(source[index]) - 128) / 128 }
        case .signed24:
            convert(count, into: target) { index in
                let low = Int32(source[3 * index]) | Int32(source[3 * index + 1]) << 8
                return Float(low | Int32(Int8(bitPattern: source[3 * index + 2])) << 16) / 0x80_0000
            }
        case .signed32:
            convert(count, into: target) { index in
                Float(Int32(littleEndian: source.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))) / 0x8000_0000
            }
        case .float64:
            convert(count, into: target) { index in
                Float(Double(bitPattern: UInt64(littleEndian: source.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))))
            }
        }
    }

    private func convert(_ count: Int, into target: UnsafeMutableRawBufferPointer, sample: (Int) -> Float) {
        for index in 0..<count {
            target.storeBytes(of: sample(index).bitPattern.littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        }
    }
}
