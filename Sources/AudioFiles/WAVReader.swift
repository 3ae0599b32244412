import SpeechModel

/// Opens WAV files: the header by ``WAVHeaderParser``, the samples by ``PCMReader``.
enum WAVReader {
    /// Reads the header from `input`, which then stands at the first sample.
    static func open(_ input: InputFile) throws(SpeechError) -> PCMReader {
        let header = try naming(input.name) { () throws(SpeechError) in try readHeader(input) }
        guard let coding = header.coding else {
            throw SpeechError(
                .unsupportedAudio, "\(input.name) is a WAV file with coding \(header.formatTag), found behind a long header.",
                advice: "Convert it with: ffmpeg -i INPUT -ac 1 OUTPUT.wav")
        }
        return try PCMReader(header: header, coding: coding, from: input)
    }

    /// Whether a WAV file that begins with `prefix` is sound but beyond our own reader: compressed, or faster than 48 kHz.
    static func isForeign(prefix: ArraySlice<UInt8>) -> Bool {
        var parser = WAVHeaderParser()
        guard case .complete(let header, _) = try? parser.parse(prefix.span) else { return false }
        return header.coding == nil || (48_001...384_000).contains(header.sampleRate)
    }

    private static func readHeader(_ input: InputFile) throws(SpeechError) -> WAVHeader {
        var parser = WAVHeaderParser()
        while true {
            // Looked at first, so that the samples that came along stay in the input.
            let piece = try input.peek(1)
            guard !piece.isEmpty else { throw parser.endedEarly }
            switch try parser.parse(piece.span) {
            case .incomplete:
                input.skip(piece.count)
            case .complete(let header, let consumed):
                input.skip(consumed)
                return header
            }
        }
    }
}
