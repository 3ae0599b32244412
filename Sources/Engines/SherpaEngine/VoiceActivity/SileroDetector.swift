import CSherpaOnnx
import ModelLibrary
public import SpeechModel
public import SpeechPipeline

/// The Silero neural voice activity detector (MIT), through sherpa-onnx: about 0.06 ms per window, 6 MB each, 14 ms to make.
///
/// Not thread-safe: one session at a time; ``reset()`` between sessions.
// @unchecked: the session that leases a detector calls it from its own lane only; the pool hands it on after the lease ended.
public final class SileroDetector: VoiceActivityDetector, @unchecked Sendable {
    private let detector: OpaquePointer

    /// The probability from which a window counts as speech, for each aggressiveness; 0.5 is Silero's own.
    private static let thresholds: [Float] = [0.2, 0.35, 0.5, 0.7]

    /// Loads the model.
    ///
    /// - Parameter aggressiveness: 0–3, how much must speak for speech.
    /// - Throws: ``ErrorCode/brokenModel`` naming the file.
    public init(model: String, aggressiveness: Int) throws(SpeechError) {
        guard (try? ONNXFile(model)) != nil else { throw Self.broken(model) }
        let made = model.withCString { path in
            "cpu".withCString { provider in
                var configuration = SherpaOnnxVadModelConfig()
                configuration.silero_vad.model = path
                configuration.silero_vad.threshold = Self.thresholds[aggressiveness]
                // Hangover and minimum length belong to the endpointer: the detector says what it hears, window by window.
                configuration.silero_vad.min_silence_duration = 0.03
                configuration.silero_vad.min_speech_duration = 0.01
                configuration.silero_vad.max_speech_duration = 30
                configuration.silero_vad.window_size = Int32(VoiceActivityWindow.samples)
                configuration.sample_rate = Int32(SampleTime.rate)
                configuration.num_threads = 1
                configuration.provider = provider
                // Room for the longest segment that it collects: a smaller buffer grows and says so on standard error.
                return SherpaOnnxCreateVoiceActivityDetector(&configuration, 40)
            }
        }
        guard let made else { throw Self.broken(model) }
        detector = made
    }

    private static func broken(_ model: String) -> SpeechError {
        SpeechError(
            .brokenModel, "The voice activity model \(model) is missing or broken.",
            advice: "Run `Scripts/setup` again, or set preprocess.vad to energy.")
    }

    deinit { SherpaOnnxDestroyVoiceActivityDetector(detector) }

    public func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        SherpaOnnxVoiceActivityDetectorAcceptWaveform(detector, window.baseAddress, Int32(window.count))
        // The segments that it also collects are not used here and must not pile up.
        while SherpaOnnxVoiceActivityDetectorEmpty(detector) == 0 { SherpaOnnxVoiceActivityDetectorPop(detector) }
        return SherpaOnnxVoiceActivityDetectorDetected(detector) != 0
    }

    public func reset() { SherpaOnnxVoiceActivityDetectorReset(detector) }
}
