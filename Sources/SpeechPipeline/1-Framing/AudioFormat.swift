public import SpeechModel

/// How a client's PCM bytes are to be read. A value of this type is always within the accepted ranges.
public struct AudioFormat: Hashable, Sendable {
    /// One sample's bytes; the raw value is the name on the wire.
    public enum Encoding: String, Sendable, CaseIterable {
        /// Signed 16-bit integers, little-endian; full scale is ±32768.
        case int16 = "pcm_s16le"
        /// IEEE 754 single precision, little-endian; full scale is ±1.
        case float32 = "pcm_f32le"

        /// Bytes of one sample of one channel.
        public var bytesPerSample: Int {
            switch self {
            case .int16: 2
            case .float32: 4
            }
        }
    }

    /// Accepted sample rates, in Hz.
    public static let sampleRates = 8000...48_000
    /// Accepted channel counts.
    public static let channelCounts = 1...2

    /// Sample frames per second, in Hz.
    public let sampleRate: Int
    /// 1 (mono) or 2 (stereo, interleaved).
    public let channels: Int
    /// How one sample is written.
    public let encoding: Encoding

    /// Describes PCM audio; throws `unsupported-audio` when the rate or the channel count is outside the accepted range.
    public init(sampleRate: Int, channels: Int, encoding: Encoding = .int16) throws(SpeechError) {
        guard Self.sampleRates.contains(sampleRate) else {
            throw SpeechError(
                .unsupportedAudio,
                "A sample rate of \(sampleRate) Hz is outside \(Self.sampleRates.lowerBound)–\(Self.sampleRates.upperBound) Hz.",
                advice: "Send 16000 Hz, or any whole number of Hz in that range.")
        }
        guard Self.channelCounts.contains(channels) else {
            throw SpeechError(
                .unsupportedAudio,
                "A channel count of \(channels) is outside \(Self.channelCounts.lowerBound)–\(Self.channelCounts.upperBound).",
                advice: "Send mono, or stereo with the samples of both channels interleaved.")
        }
        self.sampleRate = sampleRate
        self.channels = channels
        self.encoding = encoding
    }

    /// Bytes of one sample frame: one sample of every channel.
    public var bytesPerFrame: Int { channels * encoding.bytesPerSample }
}
