import AudioFiles
import CALSA
import Foundation
import SpeechModel
import SpeechPipeline

/// A capture device of ALSA, opened for one mono stream of 16 bits.
final class Microphone: AudioSource {
    /// Seconds that ALSA keeps when nobody reads.
    private static let bufferSeconds = 0.5
    /// A device that delivers nothing for so long is taken for broken: even silence has samples.
    private static let silenceMilliseconds: CInt = 2000
    /// Rates in the order in which they are tried, first without and at last with ALSA's own conversion, whose resampler is poor.
    private static let rates: [(hertz: Int, isConverted: Bool)] = [
        (48_000, false), (16_000, false), (44_100, false), (16_000, true),
    ]

    let format: AudioFormat
    let expectedDurationSeconds: Double? = nil
    let warnings: [String] = []
    private let device: String
    private let handle: OpaquePointer

    /// Opens a device by its ALSA name, such as `default` or `plughw:1,0`.
    ///
    /// - Throws: `device-unavailable`.
    init(device: String) throws(SpeechError) {
        alsa_be_quiet()
        var opened: OpaquePointer?
        // Without blocking, so that a busy device is refused instead of waited for.
        let status = snd_pcm_open(&opened, device, SND_PCM_STREAM_CAPTURE, CInt(SND_PCM_NONBLOCK))
        guard status >= 0, let handle = opened else { throw Self.unavailable(device, status) }
        do {
            format = try Self.configure(handle, device: device)
        } catch {
            snd_pcm_close(handle)
            throw error
        }
        self.device = device
        self.handle = handle
    }

    deinit { snd_pcm_close(handle) }

    private static func configure(_ handle: OpaquePointer, device: String) throws(SpeechError) -> AudioFormat {
        var status: CInt = 0
        for rate in rates {
            status = snd_pcm_set_params(
                handle, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 1, CUnsignedInt(rate.hertz),
                rate.isConverted ? 1 : 0,
                CUnsignedInt(bufferSeconds * 1_000_000))
            guard status < 0 else { return try AudioFormat(sampleRate: rate.hertz, channels: 1) }
        }
        throw unavailable(device, status)
    }

    /// Waits until the buffer is full; there is no end.
    ///
    /// - Throws: `device-unavailable` when the device went away or is silent for ``silenceMilliseconds``.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        let frames = buffer.count / format.bytesPerFrame
        while true {
            var status: CInt = snd_pcm_state(handle) == SND_PCM_STATE_PREPARED ? snd_pcm_start(handle) : 0
            if status >= 0 { status = snd_pcm_wait(handle, Self.silenceMilliseconds) }
            guard status != 0 else { throw Self.unavailable(device, -ETIMEDOUT) }
            if status > 0 {
                let count = snd_pcm_readi(handle, buffer.baseAddress, snd_pcm_uframes_t(frames))
                if count > 0 { return Int(count) * format.bytesPerFrame }
                status = CInt(count)
            }
            if status == 0 || status == -EAGAIN { continue }
            // An overrun or a suspended machine: the device goes on after a gap.
            let recovered = snd_pcm_recover(handle, status, 1)
            guard recovered >= 0 else { throw Self.unavailable(device, recovered) }
        }
    }

    /// Stops the device.
    func close() { snd_pcm_drop(handle) }

    private static func unavailable(_ device: String, _ status: CInt) -> SpeechError {
        let name = Terminal.printable(device)
        let message =
            switch -status {
            case EBUSY: "The audio device “\(name)” is busy."
            case ENOENT: "There is no audio device “\(name)”."
            case EACCES, EPERM: "The audio device “\(name)” may not be opened by this user."
            case ETIMEDOUT: "The audio device “\(name)” delivers nothing."
            case ENODEV: "The audio device “\(name)” went away or is none."
            default:
                "The audio device “\(name)” cannot be used: \(snd_strerror(status).map { String(cString: $0) } ?? "\(status)")."
            }
        return SpeechError(
            .deviceUnavailable, message,
            advice: "List the devices with `arecord -L` and name one with --device, or use --file.")
    }
}
