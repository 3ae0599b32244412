/// What stands in front of the samples of a WAV file.
public struct WAVHeader: Hashable, Sendable {
    /// The coding of the samples as in the `fmt ` chunk, or the first two bytes of its sub-format when that is extensible:
    /// 1 integer PCM, 3 IEEE float, 6 A-law, 7 µ-law …
    public var formatTag: UInt16
    /// Interleaved channels, 1 or more.
    public var channels: Int
    /// Frames per second, 1 or more.
    public var sampleRate: Int
    /// Valid bits of a sample, 1–64 for PCM and float.
    public var bitsPerSample: Int
    /// Bytes of samples; `nil` when the writer did not know and they go on to the end of the file.
    public var dataByteCount: UInt64?
    /// Bytes from the file's start to the first sample.
    public var dataOffset: UInt64

    /// How the samples are written, `nil` when that is neither PCM nor float.
    var coding: SampleCoding? {
        switch (formatTag, (bitsPerSample + 7) / 8) {
        case (1, 1): .unsigned8
        case (1, 2): .signed16
        case (1, 3): .signed24
        case (1, 4): .signed32
        case (3, 4): .float32
        case (3, 8): .float64
        default: nil
        }
    }
}
