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

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - frameMS: 10–100.
    ///   - ringBufferMS: at least one piece, at most 60,000.
    /// - Throws: `invalid-configuration`.
    public init(frameMS: Int = 20, ringBufferMS: Int = 4000) throws(SpeechError) {
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
    }
}
