import SpeechModel
import SpeechPipeline

/// Finds out that a device stalls or has the wrong rate. Inputs that are no devices are let be.
struct DeviceWatch {
    /// The device; `nil` for other inputs.
    private let device: String?
    private let format: AudioFormat
    private var rate: RateWatch
    private var lastAudio: UInt64
    /// Up to when lost audio has been counted.
    private var accounted: UInt64

    init(input: CaptureInput, format: AudioFormat, now: UInt64) {
        device = if case .device(let name) = input { name } else { nil }
        self.format = format
        rate = RateWatch(sampleRate: format.sampleRate)
        (lastAudio, accounted) = (now, now)
    }

    /// Audio was read between two instants.
    mutating func received(byteCount: Int, from before: UInt64, to now: UInt64) throws(SpeechError) {
        (lastAudio, accounted) = (now, now)
        guard let device else { return }
        let frames = byteCount / format.bytesPerFrame
        // A read that finds audio takes microseconds; one that waits for it takes about as long as the audio.
        let isWait = (now - before) * UInt64(4 * format.sampleRate) >= UInt64(frames) * 1_000_000_000
        if let measured = rate.received(frames, at: now, afterWaiting: isWait) {
            throw DeviceFault.wrongRate(device, sampleRate: format.sampleRate, measured: measured)
        }
    }

    /// A wait for audio was in vain.
    func receivedNothing(at now: UInt64) throws(SpeechError) {
        if let device, now - lastAudio >= UInt64(DeviceFault.stallMS) * 1_000_000 { throw DeviceFault.stalled(device) }
    }

    /// The device lost audio.
    ///
    /// - Returns: how many frames, by the time that has passed.
    mutating func lostFrames(at now: UInt64) throws(SpeechError) -> Int {
        try receivedNothing(at: now)
        defer { accounted = now }
        rate.restart()
        return Int(Double(now - accounted) / 1e9 * Double(format.sampleRate))
    }
}
