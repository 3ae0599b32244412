/// Makes 16-bit samples of bytes that come in pieces of any length.
struct PCMPieces {
    /// The first half of a sample whose second one has not come yet.
    private var half: UInt8?

    mutating func samples(of bytes: some Collection<UInt8>) -> [Int16] {
        var samples: [Int16] = []
        samples.reserveCapacity(bytes.count / 2 + 1)
        for byte in bytes {
            guard let low = half else {
                half = byte
                continue
            }
            samples.append(Int16(bitPattern: UInt16(low) | UInt16(byte) << 8))
            half = nil
        }
        return samples
    }
}
