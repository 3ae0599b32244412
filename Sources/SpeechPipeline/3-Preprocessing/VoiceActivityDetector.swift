import SpeechModel

/// Says for each window of audio whether someone speaks in it.
///
/// One detector hears one session, in order, from one thread at a time.
public protocol VoiceActivityDetector: AnyObject {
    /// Whether `window`, ``VoiceActivityWindow/samples`` samples in −1…1 that follow the last call's, holds speech.
    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool
    /// Forgets everything heard: the next window begins a new stream.
    func reset()
}

/// The unit of voice activity and endpointing.
public enum VoiceActivityWindow {
    /// Samples of a window at 16 kHz; what the Silero network takes.
    public static let samples = 512
    /// Duration of a window in milliseconds.
    public static let milliseconds = samples * 1000 / SampleTime.rate
}
