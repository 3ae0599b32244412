import AudioFiles
import CALSA
import Glibc
import Lanes
public import SpeechModel
public import SpeechPipeline

/// A capture device of ALSA, opened for a stream of 16 bits. It is used by one thread at a time.
public final class Microphone: LiveSource {
    /// Audio that ALSA keeps when nobody reads, in µs.
    private static let bufferMicroseconds: CUnsignedInt = 500_000
    /// Rates in the order in which they are tried when the one that was asked for cannot be had, first without and at last with
    /// ALSA's own conversion, whose resampler is poor.
    private static let rates: [(hertz: Int, isConverted: Bool)] = [
        (48_000, false), (16_000, false), (44_100, false), (16_000, true),
    ]
    /// Before a device that is ready and has nothing is asked again, in µs.
    private static let pauseMicroseconds: CUnsignedInt = 5000

    public let format: AudioFormat
    public let expectedDurationSeconds: Double? = nil
    public let warnings: [String] = []
    private let device: String
    private let handle: OpaquePointer
    private var isClosed = false

    /// Opens a device by its ALSA name, such as `default` or `plughw:1,0`.
    ///
    /// - Parameters:
    ///   - device: the name, as `arecord -L` lists it.
    ///   - sampleRate: what is asked for first, in Hz; ``format`` tells what the device gives.
    ///   - channels: 1 or 2, of which the device must have as many.
    ///   - periodMS: how often the device is to hand over audio, in ms; it chooses something near.
    /// - Throws: `device-unavailable`.
    public convenience init(
        device: String, sampleRate: Int = 16_000, channels: Int = 1, periodMS: Int = 20
    ) throws(SpeechError) {
        try self.init(device: device, sampleRate: sampleRate, channels: channels, periodMS: periodMS) { handle in
            // Without blocking, so that a busy device is refused instead of waited for.
            snd_pcm_open(&handle, device, SND_PCM_STREAM_CAPTURE, CInt(SND_PCM_NONBLOCK))
        }
    }

    /// - Parameter open: opens the device without blocking; returns ALSA's status.
    init(
        device: String, sampleRate: Int = 16_000, channels: Int = 1, periodMS: Int, open: (inout OpaquePointer?) -> CInt
    ) throws(SpeechError) {
        alsa_be_quiet()
        var opened: OpaquePointer?
        let status = open(&opened)
        guard status >= 0, let handle = opened else { throw Self.unavailable(device, status) }
        do {
            format = try Self.configure(
                handle, device: device, [(sampleRate, false)] + Self.rates, channels: channels, periodMS: periodMS)
        } catch {
            snd_pcm_close(handle)
            throw error
        }
        self.device = device
        self.handle = handle
    }

    deinit { snd_pcm_close(handle) }

    private static func configure(
        _ handle: OpaquePointer, device: String, _ rates: [(hertz: Int, isConverted: Bool)], channels: Int, periodMS: Int
    ) throws(SpeechError) -> AudioFormat {
        var parameters: OpaquePointer?
        var status = snd_pcm_hw_params_malloc(&parameters)
        defer { snd_pcm_hw_params_free(parameters) }
        guard status >= 0, let parameters else { throw unavailable(device, status) }
        for rate in rates {
            status = negotiate(
                handle, parameters, rate: CUnsignedInt(rate.hertz), isConverted: rate.isConverted, channels: channels,
                periodMS: periodMS)
            if status >= 0 { return try AudioFormat(sampleRate: rate.hertz, channels: channels) }
        }
        throw unavailable(device, status)
    }

    /// ALSA's own `snd_pcm_set_params` hands over a quarter of the buffer at a time, which is too late for live captions.
    ///
    /// - Returns: ALSA's status.
    private static func negotiate(
        _ handle: OpaquePointer, _ parameters: OpaquePointer, rate: CUnsignedInt, isConverted: Bool, channels: Int,
        periodMS: Int
    ) -> CInt {
        var period = CUnsignedInt(periodMS * 1000)
        var buffer = bufferMicroseconds
        var status = snd_pcm_hw_params_any(handle, parameters)
        let steps: [() -> CInt] = [
            { snd_pcm_hw_params_set_rate_resample(handle, parameters, isConverted ? 1 : 0) },
            { snd_pcm_hw_params_set_access(handle, parameters, SND_PCM_ACCESS_RW_INTERLEAVED) },
            { snd_pcm_hw_params_set_format(handle, parameters, SND_PCM_FORMAT_S16_LE) },
            { snd_pcm_hw_params_set_channels(handle, parameters, CUnsignedInt(channels)) },
            { snd_pcm_hw_params_set_rate(handle, parameters, rate, 0) },
            { snd_pcm_hw_params_set_period_time_near(handle, parameters, &period, nil) },
            { snd_pcm_hw_params_set_buffer_time_near(handle, parameters, &buffer, nil) },
            { snd_pcm_hw_params(handle, parameters) },
        ]
        for step in steps where status >= 0 { status = step() }
        return status
    }

    /// Waits until there is audio and reads what there is; there is no end but ``close()``.
    ///
    /// - Throws: `device-unavailable` when the device went away or delivers nothing for 2 s.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        while true {
            switch try read(into: buffer, waitingAtMostMS: DeviceFault.stallMS) {
            case .audio(let byteCount): return byteCount
            case .gap: continue
            case .nothing: throw Self.unavailable(device, -ETIMEDOUT)
            }
        }
    }

    public func read(
        into buffer: UnsafeMutableRawBufferPointer, waitingAtMostMS milliseconds: Int
    ) throws(SpeechError) -> LiveRead {
        let frames = snd_pcm_uframes_t(buffer.count / format.bytesPerFrame)
        let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        while !isClosed {
            var status: CInt = snd_pcm_state(handle) == SND_PCM_STATE_PREPARED ? snd_pcm_start(handle) : 0
            let now = monotonicNanoseconds()
            if status >= 0 { status = snd_pcm_wait(handle, now < deadline ? CInt((deadline - now) / 1_000_000) : 0) }
            if status > 0 {
                let count = snd_pcm_readi(handle, buffer.baseAddress, frames)
                if count > 0 { return .audio(byteCount: Int(count) * format.bytesPerFrame) }
                status = CInt(count)
                if status == 0 || status == -EAGAIN { usleep(Self.pauseMicroseconds) }
            }
            if status == 0 || status == -EAGAIN {
                if monotonicNanoseconds() / 1_000_000 >= deadline / 1_000_000 { return .nothing }
                continue
            }
            // An overrun or a suspended machine: the device goes on after a gap.
            let recovered = snd_pcm_recover(handle, status, 1)
            guard recovered >= 0 else { throw Self.unavailable(device, recovered) }
            if status != -EINTR { return .gap }
        }
        return .audio(byteCount: 0)
    }

    /// Stops the device.
    public func close() {
        snd_pcm_drop(handle)
        isClosed = true
    }

    /// What a status of ALSA's means.
    static func unavailable(_ device: String, _ status: CInt) -> SpeechError {
        let name = device.printable
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
            advice: "List the devices with `arecord -L` and name one in AUDIO_DEVICE or with `mynah listen --device`.")
    }
}
