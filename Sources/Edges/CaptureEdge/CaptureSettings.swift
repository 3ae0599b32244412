public import SpeechModel

/// How a capture loop reads and how much it keeps.
public struct CaptureSettings: Hashable, Sendable {
    /// Accepted lengths of a piece, in ms.
    public static let frameLengthsMS = 10...100
    /// The longest ring, in ms.
    public static let maxRingBufferMS = 60_000

    /// Length of the pieces that the sink gets, in ms; the last one of a file may be shorter.
    public let frameMS: Int
    /// Audio that is kept while the sink takes none, in ms; beyond it the oldest is dropped.
    public let ringBufferMS: Int
    /// What devices are asked for first, in Hz.
    public let sampleRate: Int
    /// Channels that devices are asked for.
    public let channels: Int

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - frameMS: 10–100.
    ///   - ringBufferMS: at least one piece, at most 60,000.
    ///   - sampleRate: of devices, in Hz; if one has another, that is taken.
    ///   - channels: of devices, 1 or 2.
    /// - Throws: `invalid-configuration`.
    public init(frameMS: Int = 20, ringBufferMS: Int = 4000, sampleRate: Int = 16_000, channels: Int = 1) throws(SpeechError) {
        guard Self.frameLengthsMS.contains(frameMS) else {
            throw SpeechError(
                .invalidConfiguration, "audio.frame_ms is \(frameMS).",
                advice: "Set it to \(Self.frameLengthsMS.lowerBound)–\(Self.frameLengthsMS.upperBound) ms.")
        }
        guard frameMS <= ringBufferMS, ringBufferMS <= Self.maxRingBufferMS else {
            throw SpeechError(
                .invalidConfiguration, "audio.ring_buffer_size_ms is \(ringBufferMS).",
                advice: "Set it to at least audio.frame_ms and at most \(Self.maxRingBufferMS) ms.")
        }
        (self.frameMS, self.ringBufferMS) = (frameMS, ringBufferMS)
        (self.sampleRate, self.channels) = (sampleRate, channels)
    }
}
