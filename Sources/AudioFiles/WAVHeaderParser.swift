public import SpeechModel

/// Reads the header of a RIFF, RF64 or BW64 WAV file from pieces of any length, as a pure state machine: nothing is allocated
/// by a size that the file declares, and nothing is believed that was not read.
///
/// Sources: Microsoft, *Multimedia Programming Interface and Data Specifications 1.0* (RIFF WAVE) and *Multiple Channel Audio
/// Data and WAVE Files* (extensible); EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).
public struct WAVHeaderParser: Sendable {
    /// What one piece led to.
    public enum Progress: Hashable, Sendable {
        /// All was taken and the header goes on.
        case incomplete
        /// The header is complete; `consumed` bytes of this piece belonged to it, the samples follow.
        case complete(WAVHeader, consumed: Int)
    }

    /// Bytes that may stand in front of the samples; cover pictures and broadcast notes are far smaller.
    public static let maximumLength: UInt64 = 64 << 20

    private enum Step { case riff, chunk, sizes, format, skip, complete }

    private var step = Step.riff
    /// Bytes that the step still waits for; what it collected is in ``field``.
    private var missing = 12
    private var field: [UInt8] = []
    /// Bytes of the present chunk, padding included, behind what its step collects.
    private var rest: UInt64 = 0
    private var offset: UInt64 = 0
    private var isRF64 = false
    private var data64: UInt64?
    private var format: WAVHeader?

    /// Makes a parser at the start of a file.
    public init() {
        field.reserveCapacity(40)
    }

    /// Takes the next piece of the file.
    ///
    /// - Throws: `invalid-audio` when the header contradicts itself, `unsupported-audio` when it is sound but of a kind that is
    ///   not read. The parser must not be used afterwards.
    public mutating func parse(_ piece: Span<UInt8>) throws(SpeechError) -> Progress {
        var index = 0
        while index < piece.count {
            if step == .skip {
                let count = Int(min(rest, UInt64(piece.count - index)))
                index += count
                offset += UInt64(count)
                rest -= UInt64(count)
                if rest == 0 { expect(.chunk, 8) }
            } else {
                field.append(piece[index])
                index += 1
                offset += 1
                missing -= 1
                if missing == 0 { try finishField() }
            }
            if step == .complete, var header = format {
                header.dataOffset = offset
                return .complete(header, consumed: index)
            }
            guard offset <= Self.maximumLength else {
                throw SpeechError(
                    .invalidAudio, "The WAV header goes on for more than \(Self.maximumLength >> 20) MiB without samples.",
                    advice: Self.repair)
            }
        }
        return .incomplete
    }

    /// The error to throw when the file ends inside its header.
    public var endedEarly: SpeechError {
        let place =
            switch step {
            case .riff: "after \(offset) bytes"
            case _ where format == nil: "before its format (the \"fmt \" chunk)"
            default: "before its samples (the \"data\" chunk)"
            }
        return SpeechError(
            .invalidAudio, "The WAV header ends \(place).", advice: "The file is cut off: copy or record it again.")
    }

    private static let repair = "The file is damaged: copy it again, or try to repair it with: ffmpeg -i INPUT OUTPUT.wav"

    /// Waits for the `count` bytes of the next step.
    private mutating func expect(_ next: Step, _ count: Int) {
        step = next
        missing = count
        field.removeAll(keepingCapacity: true)
    }

    private mutating func finishField() throws(SpeechError) {
        switch step {
        case .riff:
            try takeRIFF()
            expect(.chunk, 8)
        case .chunk:
            try takeChunkHeader()
        case .sizes:
            // RIFF size, data size, sample count, and a table for other chunks
            data64 = integer(8, UInt64.self)
            skipRest()
        case .format:
            try takeFormat()
            skipRest()
        case .skip, .complete:
            break
        }
    }

    private mutating func takeRIFF() throws(SpeechError) {
        guard !has("RIFX") else {
            throw SpeechError(
                .unsupportedAudio, "This is a big-endian WAV file (RIFX).",
                advice: "Convert it with: sox INPUT -t wav OUTPUT.wav")
        }
        isRF64 = has("RF64") || has("BW64")
        guard isRF64 || has("RIFF"), has("WAVE", at: 8) else {
            throw SpeechError(
                .invalidAudio, "This is not a WAV file.",
                advice: "For samples without a header state the sample rate, the channels and the encoding.")
        }
    }

    private mutating func takeChunkHeader() throws(SpeechError) {
        let size = integer(4, UInt32.self)
        let padded = UInt64(size) + UInt64(size & 1)
        if has("data") {
            guard var header = format else {
                throw SpeechError(
                    .invalidAudio, "The WAV header has samples (the \"data\" chunk) before their format.", advice: Self.repair)
            }
            header.dataByteCount = dataByteCount(declared: size)
            format = header
            step = .complete
        } else if has("fmt ") {
            guard size >= 16, format == nil else {
                throw SpeechError(
                    .invalidAudio,
                    format == nil
                        ? "The format of the WAV header has \(size) bytes; 16 is the least."
                        : "The WAV header states its format twice.", advice: Self.repair)
            }
            begin(.format, collecting: min(40, UInt64(size)), of: padded)
        } else if has("ds64"), isRF64, size >= 16 {
            begin(.sizes, collecting: 16, of: padded)
        } else {
            begin(.skip, collecting: 0, of: padded)
        }
    }

    private mutating func begin(_ next: Step, collecting count: UInt64, of size: UInt64) {
        rest = size - count
        expect(next, Int(count))
        if next == .skip { skipRest() }
    }

    private mutating func skipRest() {
        if rest == 0 { expect(.chunk, 8) } else { expect(.skip, 0) }
    }

    /// A writer that streams does not know the size: ffmpeg and GStreamer write 0 or 2³²−1, SoX and arecord sizes around 2³¹.
    private func dataByteCount(declared size: UInt32) -> UInt64? {
        if isRF64, size == .max { return data64 }
        switch size {
        case 0, 0x7FFF_0000...0x8000_0000, 0xFFFF_F000...: return nil
        default: return UInt64(size)
        }
    }

    private mutating func takeFormat() throws(SpeechError) {
        var tag = integer(0, UInt16.self)
        let channels = Int(integer(2, UInt16.self))
        let sampleRate = Int(integer(4, UInt32.self))
        let blockAlign = Int(integer(12, UInt16.self))
        let bits = Int(integer(14, UInt16.self))
        if tag == 0xFFFE {
            guard field.count >= 26 else {
                throw SpeechError(
                    .invalidAudio, "The WAV header has an extensible format without its extension.", advice: Self.repair)
            }
            tag = integer(24, UInt16.self)
        }
        let header = WAVHeader(
            formatTag: tag, channels: channels, sampleRate: sampleRate, bitsPerSample: bits, dataByteCount: nil, dataOffset: 0)
        guard channels > 0, sampleRate > 0 else {
            throw SpeechError(
                .invalidAudio, "The WAV header declares \(channels) channels at \(sampleRate) Hz.", advice: Self.repair)
        }
        if tag == 1 || tag == 3 {
            guard let coding = header.coding else {
                throw SpeechError(
                    .unsupportedAudio, "The WAV header declares \(bits)-bit \(tag == 1 ? "integer" : "float") samples.",
                    advice: "Convert it with: sox INPUT -b 16 OUTPUT.wav")
            }
            guard blockAlign == coding.byteCount * channels else {
                throw SpeechError(
                    .invalidAudio,
                    "The WAV header contradicts itself: \(blockAlign) bytes per frame, but \(channels) × \(bits) bits.",
                    advice: Self.repair)
            }
        }
        format = header
    }

    private func has(_ name: StaticString, at offset: Int = 0) -> Bool {
        name.withUTF8Buffer { expected in field[offset...].starts(with: expected) }
    }

    /// The little-endian number at `offset` in the collected field.
    private func integer<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
        field[offset..<(offset + Value.bitWidth / 8)].reversed().reduce(0) { $0 << 8 | Value($1) }
    }
}
