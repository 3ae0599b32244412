public import SpeechModel

/// Turns a stream of PCM bytes, cut anywhere, into mono samples.
///
/// Stereo is averaged, so a voice on one channel only becomes 6 dB quieter but is never lost. Samples are within −1…1.
public struct PCMDecoder: Sendable {
    private let format: AudioFormat
    /// The first bytes of a sample frame whose rest has not come yet.
    private var pending = PartialFrame()

    /// Makes a decoder at the beginning of a stream.
    public init(format: AudioFormat) { self.format = format }

    /// Bytes of an incomplete sample frame, kept for the next call; at the end of a stream that is a truncated sample.
    public var pendingBytes: Int { pending.count }

    /// Forgets those bytes.
    public mutating func dropPartialSample() { pending = PartialFrame() }

    /// Decodes `bytes` and appends one sample per complete sample frame to `output`, which is all that may allocate.
    ///
    /// Float samples beyond ±1 are clipped. A float that is not finite throws `invalid-audio`: then nothing is appended and the
    /// decoder is as it was before the call.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [Float]) throws(SpeechError) {
        let before = output.count
        var rest = bytes[...]
        var partial = pending
        var isFinite = true
        if partial.count > 0 {
            partial.take(from: &rest, upTo: format.bytesPerFrame)
            if partial.count == format.bytesPerFrame {
                isFinite = partial.withBytes { append($0, to: &output) }
                partial = PartialFrame()
            }
        }
        // Either the cut frame was completed, or `rest` is empty.
        let whole = rest.count - rest.count % format.bytesPerFrame
        isFinite = isFinite && append(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)), to: &output)
        rest = rest.dropFirst(whole)
        partial.take(from: &rest, upTo: format.bytesPerFrame)

        guard isFinite else {
            output.removeLast(output.count - before)
            throw SpeechError(
                .invalidAudio, "A float sample is not a finite number.",
                advice: "Send samples between −1 and 1; check that the encoding is really \(format.encoding.rawValue).")
        }
        pending = partial
    }

    /// Appends whole sample frames; false when one of them is not finite.
    private func append(_ frames: UnsafeRawBufferPointer, to output: inout [Float]) -> Bool {
        switch (format.encoding, format.channels) {
        case (.int16, 1):
            for offset in stride(from: 0, to: frames.count, by: 2) {
                output.append(Float(frames.int16(at: offset)) / 32768)
            }
        case (.int16, _):
            for offset in stride(from: 0, to: frames.count, by: 4) {
                output.append((Float(frames.int16(at: offset)) + Float(frames.int16(at: offset + 2))) / 65536)
            }
        case (.float32, 1):
            for offset in stride(from: 0, to: frames.count, by: 4) {
                let sample = frames.float32(at: offset)
                guard sample.isFinite else { return false }
                output.append(sample.clipped)
            }
        case (.float32, _):
            for offset in stride(from: 0, to: frames.count, by: 8) {
                let left = frames.float32(at: offset)
                let right = frames.float32(at: offset + 4)
                guard left.isFinite, right.isFinite else { return false }
                output.append((left.clipped + right.clipped) / 2)
            }
        }
        return true
    }
}

/// Up to eight bytes (the longest sample frame), without an allocation.
private struct PartialFrame {
    /// The first byte is the lowest.
    private var bits: UInt64 = 0
    private(set) var count = 0

    /// Moves bytes from the front of `source` until it is empty or `limit` bytes are here.
    mutating func take(from source: inout Slice<UnsafeRawBufferPointer>, upTo limit: Int) {
        while count < limit, let byte = source.popFirst() {
            bits |= UInt64(byte) << (8 * count)
            count += 1
        }
    }

    /// The bytes as they came.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: bits.littleEndian) { body(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func int16(at offset: Int) -> Int16 {
        Int16(littleEndian: loadUnaligned(fromByteOffset: offset, as: Int16.self))
    }

    fileprivate func float32(at offset: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}

extension Float {
    /// Within −1…1.
    fileprivate var clipped: Float { min(max(self, -1), 1) }
}
