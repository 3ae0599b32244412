public import SpeechModel
public import SpeechPipeline

/// Opens recorded audio for reading: WAV by our own reader, everything else by a confined `ffmpeg`, told apart by content.
///
/// - Parameters:
///   - path: a file, a FIFO or a device; `-` is the standard input.
///   - shownName: what messages call it, instead of its path.
///   - rawFormat: what the samples are when the file has no header; its content is not looked at then.
///   - settings: where the decoder is, and the limits.
///   - cancellation: ends blocked and future reads, from any thread.
/// - Returns: the source, at the first sample. It is not shared: it may be handed to another thread.
/// - Throws: `unreadable-file`, `invalid-audio`, `unsupported-audio`, `missing-dependency`, `idle-timeout`, `shutting-down`.
public func openAudio(
    path: String, shownName: String? = nil, rawFormat: AudioFormat? = nil, settings: DecoderSettings,
    cancellation: Cancellation? = nil
) throws(SpeechError) -> sending any AudioSource {
    let input = try InputFile(
        path: path, shownName: shownName, idleMilliseconds: settings.limits.idleMilliseconds, cancellation: cancellation)
    // A live stream of raw samples is not held up to look at it.
    let prefix = try input.peek(rawFormat == nil ? AudioFileKind.prefixLength : 1)
    guard !prefix.isEmpty else {
        throw SpeechError(.invalidAudio, "\(input.name) is empty.", advice: "Record it again.")
    }
    if let rawFormat { return try PCMReader(raw: rawFormat, from: input) }
    let kind = AudioFileKind(prefix: prefix)
    switch kind {
    case .unknown:
        throw SpeechError(
            .unsupportedAudio, "\(input.name) does not begin like any audio or video file.",
            advice:
                "WAV, FLAC, MP3, AAC, Ogg, M4A, MP4, WebM and others are read; samples without a header need their format stated."
        )
    case .wave where !WAVReader.isForeign(prefix: prefix):
        return try WAVReader.open(input)
    default:
        return try FFmpegDecoder(input, kind: kind, settings: settings)
    }
}
