import SpeechModel

/// Says for each window of audio whether someone speaks in it.
///
/// One detector hears one session, in order, from one thread at a time.
public protocol VoiceActivityDetector: AnyObject {
    /// Whether `window`, ``VoiceActivityWindow/samples`` samples in −1…1 that follow the last call's, holds speech.
    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool
    /// The gain in front changed: from the next window on, the same sound is louder by so many dB. For those who remember a room's level.
    func levelChanged(by decibels: Float)
    /// Forgets everything heard: the next window begins a new stream.
    func reset()
}

extension VoiceActivityDetector {
    public func levelChanged(by decibels: Float) {}
}

/// The unit of voice activity and endpointing.
public enum VoiceActivityWindow {
    /// Samples of a window at 16 kHz; what the Silero network takes.
    public static let samples = 512
    /// Duration of a window in milliseconds.
    public static let milliseconds = samples * 1000 / SampleTime.rate
}
