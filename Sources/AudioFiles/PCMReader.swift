import SpeechModel
import SpeechPipeline

/// Reads interleaved samples, as they follow a WAV header or stand alone in a raw file.
final class PCMReader: AudioSource {
    let format: AudioFormat
    let expectedDurationSeconds: Double?
    private(set) var warnings: [String] = []

    private let input: InputFile
    private let coding: SampleCoding
    /// Bytes that the header promised and that have not been read; `nil` when they go on to the end.
    private var promised: UInt64?
    /// Whether bytes beyond the last whole frame are an error, because without a header they mean a wrong format.
    private let isRaw: Bool
    private var hasDelivered = false
    private var isFinished = false
    /// What was read and not delivered lies in front: less than a frame.
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    private var filled = 0

    private var frameByteCount: Int { coding.byteCount * format.channels }

    /// Reads raw samples.
    init(raw format: AudioFormat, from input: InputFile) throws(SpeechError) {
        self.format = format
        self.input = input
        coding = format.encoding == .int16 ? .signed16 : .float32
        promised = nil
        isRaw = true
        expectedDurationSeconds = input.size.map {
            Double($0) / Double(format.bytesPerFrame * format.sampleRate)
        }
        if let size = input.size, size % UInt64(frameByteCount) != 0 { throw partialFrame(size % UInt64(frameByteCount)) }
    }

    /// Reads the samples behind a WAV header that has been read.
    init(header: WAVHeader, coding: SampleCoding, from input: InputFile) throws(SpeechError) {
        guard header.channels <= 2 else {
            throw SpeechError(
                .unsupportedAudio, "\(input.name) has \(header.channels) channels; one or two are transcribed.",
                advice: "Mix them down with: ffmpeg -i INPUT -ac 1 OUTPUT.wav")
        }
        format = try naming(input.name) { () throws(SpeechError) in
            try AudioFormat(
                sampleRate: header.sampleRate, channels: header.channels,
                encoding: coding.isDeliveredAsInt16 ? .int16 : .float32)
        }
        self.input = input
        self.coding = coding
        promised = header.dataByteCount
        isRaw = false
        let present = input.size.map { $0 - min($0, header.dataOffset) }
        let expected = [present, header.dataByteCount].compactMap(\.self).min()
        expectedDurationSeconds = expected.map {
            Double($0) / Double(coding.byteCount * header.channels * header.sampleRate)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        let outputFrame = format.bytesPerFrame
        precondition(buffer.count >= outputFrame, "A buffer of less than one frame would mean the end.")
        let wanted = min(buffer.count / outputFrame, scratch.count / frameByteCount) * frameByteCount
        while !isFinished {
            let room = Int(min(UInt64(wanted - filled), promised ?? .max))
            let count =
                room == 0 ? 0 : try input.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[filled..<(filled + room)]))
            if count == 0 {
                try finish()
                break
            }
            promised? -= UInt64(count)
            filled += count
            let frames = filled / frameByteCount
            if frames > 0 {
                deliver(frames, into: buffer)
                return frames * outputFrame
            }
        }
        return 0
    }

    private func deliver(_ frames: Int, into buffer: UnsafeMutableRawBufferPointer) {
        let used = frames * frameByteCount
        coding.deliver(frames * format.channels, from: UnsafeRawBufferPointer(scratch), into: buffer)
        scratch.copyBytes(from: scratch[used..<filled])
        filled -= used
        hasDelivered = true
    }

    private func finish() throws(SpeechError) {
        isFinished = true
        if isRaw && filled > 0 { throw partialFrame(UInt64(filled)) }
        guard hasDelivered else {
            throw SpeechError(.invalidAudio, "\(input.name) holds no samples.", advice: "Record it again.")
        }
        if let promised, promised > 0 {
            let seconds = Double(promised) / Double(frameByteCount * format.sampleRate)
            warnings.append(
                "\(input.name) is cut off: \(promised) bytes (\(rounded(seconds)) s) of what its header declares are missing.")
        } else if filled > 0 {
            warnings.append("\(input.name) ends inside a sample; the last \(filled) bytes are left out.")
        }
    }

    private func partialFrame(_ count: UInt64) -> SpeechError {
        SpeechError(
            .invalidAudio,
            "\(input.name) ends \(count) bytes into a frame of \(frameByteCount) bytes (\(format.channels) × \(coding)).",
            advice: "State the encoding and the channels that it was recorded with.")
    }

    func close() {
        isFinished = true
        input.close()
    }

    deinit { scratch.deallocate() }
}

/// Seconds with one decimal.
private func rounded(_ seconds: Double) -> Double { (seconds * 10).rounded() / 10 }

/// Runs `body` and puts the file's name in front of the message that it may throw.
func naming<Value>(_ name: String, _ body: () throws(SpeechError) -> Value) throws(SpeechError) -> Value {
    do {
        return try body()
    } catch {
        throw SpeechError(error.code, "\(name): \(error.message)", advice: error.advice, underlying: error)
    }
}
