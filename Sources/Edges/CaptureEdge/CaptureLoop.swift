public import AudioFiles
import Lanes
public import SpeechModel

/// Brings the audio of one input to a sink, in pieces of equal length and in real time, and keeps at it: a device that fails is
/// opened again until it is back.
///
/// A thread of its own does everything. Between reading and the sink stands a ring: when the sink refuses a piece, audio waits
/// there; when the ring is full, its oldest piece is dropped and counted. The standard input is not dropped but read later,
/// because its writer can wait. After the start nothing is allocated unless the input is opened again with another format.
///
/// A device that delivers nothing for 2 s, or a rate that is more than 5 % off over 5 s, is lost like one that was unplugged.
/// Attempts to open it again come after 250 ms, 500 ms … 30 s, and from 250 ms again once it was sound for 10 s.
///
/// ``` swift
/// let loop = CaptureLoop(.device(name: "default"), settings: try CaptureSettings(), sink: sink, decoder: decoder)
/// loop.start()
/// await loop.stop()
/// ```
public final class CaptureLoop: Sendable {
    /// Opens an input; called on the loop's thread, which alone uses the source. Reads of the source either come back soon (see
    /// ``LiveSource``) or end when the cancellation is cancelled.
    public typealias Opener = @Sendable (CaptureInput, Cancellation) throws(SpeechError) -> any AudioSource

    /// What is captured.
    public let input: CaptureInput
    private let name: String
    private let settings: CaptureSettings
    private let sink: any CaptureSink
    private let opener: Opener
    private let clock: any CaptureClock
    private let stopPatience: UInt64
    private let control = CaptureControl()

    /// Makes a loop that has not started.
    ///
    /// - Parameters:
    ///   - name: the thread's name, as `top -H` shows it; 15 bytes are kept.
    ///   - decoder: how files are decoded.
    public convenience init(
        _ input: CaptureInput, name: String = "capture", settings: CaptureSettings, sink: any CaptureSink,
        decoder: DecoderSettings
    ) {
        self.init(input, name: name, settings: settings, sink: sink, open: Self.opener(settings: settings, decoder: decoder))
    }

    /// Makes a loop that has not started, with inputs of the caller's own.
    public convenience init(
        _ input: CaptureInput, name: String = "capture", settings: CaptureSettings, sink: any CaptureSink,
        open: @escaping Opener
    ) {
        self.init(input, name: name, settings: settings, sink: sink, open: open, clock: MonotonicClock())
    }

    /// - Parameter stopPatience: nanoseconds that ``stop()`` waits at most.
    init(
        _ input: CaptureInput, name: String, settings: CaptureSettings, sink: any CaptureSink, open: @escaping Opener,
        clock: any CaptureClock, stopPatience: UInt64 = 1_000_000_000
    ) {
        (self.input, self.name, self.settings, self.sink) = (input, name, settings, sink)
        (opener, self.clock, self.stopPatience) = (open, clock, stopPatience)
    }

    deinit { control.beginStop() }

    /// Starts the thread. Later calls, and those after a stop, do nothing.
    public func start() {
        guard control.claimStart() else { return }
        let (input, settings, sink, opener, clock, control) = (input, settings, sink, opener, clock, control)
        // It computes little, and what it misses of a device is lost. A pipe waits, and may be full of work.
        spawnThread(name: name, isUrgent: !input.canWait) {
            CaptureThread(input: input, settings: settings, sink: sink, open: opener, clock: clock, control: control).run()
        }
    }

    /// Tells the loop to end and returns at once; callable from any thread, the sink's calls among them, and as often as one
    /// likes. The sink is called at most once more.
    public func beginStop() { control.beginStop() }

    /// Ends the loop and waits until the sink will not be called any more: usually some milliseconds, and 1 s at most. A driver
    /// that hangs longer than that keeps its thread until it returns, but the sink hears nothing more.
    public func stop() async {
        control.beginStop()
        let (ended, patience) = (control.ended, stopPatience)
        await withCheckedContinuation { (stopped: CheckedContinuation<Void, Never>) in
            // Neither an event loop nor the cooperative pool is held up.
            spawnThread(name: "capture-stop") {
                ended.wait(until: monotonicNanoseconds() + patience)
                stopped.resume()
            }
        }
    }

    /// Whether the input is over, or the loop has stopped.
    public var hasEnded: Bool { control.ended.isRaised }

    /// How full the ring is, 0–1. Any thread may ask.
    public var utilization: Double { control.utilization }

    /// Frames that were lost since the start, because the ring or the device's own buffer was full. Any thread may ask.
    public var droppedFrames: Int { control.droppedFrames }

    /// Opens real devices, files and the standard input.
    ///
    /// - Parameter decoder: how files are decoded; its time-out does not hold for the standard input, which may be silent.
    public static func opener(settings: CaptureSettings, decoder: DecoderSettings) -> Opener {
        opener(settings: settings, decoder: decoder, standardInput: "-")
    }

    static func opener(settings: CaptureSettings, decoder: DecoderSettings, standardInput: String) -> Opener {
        { (input, cancellation) throws(SpeechError) -> any AudioSource in
            switch input {
            case .device(let name):
                return try Microphone(
                    device: name, sampleRate: settings.sampleRate, channels: settings.channels, periodMS: settings.frameMS)
            case .recording(let path, _):
                return try openAudio(path: path, settings: decoder, cancellation: cancellation)
            case .standardInput(let format):
                var patient = decoder
                patient.limits.idleMilliseconds = .max
                return try openAudio(path: standardInput, rawFormat: format, settings: patient, cancellation: cancellation)
            }
        }
    }
}
