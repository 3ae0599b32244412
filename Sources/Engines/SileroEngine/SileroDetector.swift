public import SpeechPipeline

/// Voice activity by the Silero network: about 0.02 ms a window, 4 KB a session.
public final class SileroDetector: VoiceActivityDetector {
    /// The probability from which a window counts as speech, for each aggressiveness; 0.5 is Silero's own.
    private static let thresholds: [Float] = [0.2, 0.35, 0.5, 0.7]
    /// Speech ends only so far below, as in `VADIterator` of the package silero-vad: a voice that hovers about the threshold is not cut.
    private static let hysteresis: Float = 0.15
    /// Windows that begin speech, and that end it: one may err.
    private static let windows = 2

    private let network: SileroNetwork
    private let threshold: Float
    private var memory = SileroNetwork.Memory()
    /// What waits for the beginning of the next window: the network's windows begin where its context ends.
    private var shifted: [Float] = []
    private var isSpeech = false
    /// Windows that spoke against ``isSpeech`` since one spoke for it.
    private var against = 0

    /// - Parameter aggressiveness: 0–3, how much must speak for speech.
    public init(_ network: SileroNetwork, aggressiveness: Int) {
        self.network = network
        threshold = Self.thresholds[aggressiveness]
    }

    /// Whether somebody speaks, by what came up to the first 4 ms of `window`; of the very first one nothing is known yet.
    public func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        let (beginning, rest) = (window[..<SileroNetwork.context], window[SileroNetwork.context...])
        guard !shifted.isEmpty else {
            memory = SileroNetwork.Memory(after: beginning)
            shifted += rest
            return false
        }
        shifted += beginning
        let probability = shifted.withUnsafeBufferPointer { network.probability(of: $0, &memory) }
        shifted.removeAll(keepingCapacity: true)
        shifted += rest
        // Weights that are numbers can still add up to none, which would be remembered for ever.
        guard probability.isFinite else {
            reset()
            return false
        }
        if isSpeech {
            if probability > threshold {
                against = 0
            } else if probability <= max(0.01, threshold - Self.hysteresis) {
                against += 1
            }
        } else {
            against = probability > threshold ? against + 1 : 0
        }
        if against == Self.windows {
            isSpeech.toggle()
            against = 0
        }
        return isSpeech
    }

    public func reset() {
        shifted.removeAll(keepingCapacity: true)
        isSpeech = false
        against = 0
    }
}
