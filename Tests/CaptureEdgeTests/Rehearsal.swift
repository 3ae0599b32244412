import AudioFiles
import SpeechModel

@testable import CaptureEdge

/// The life of a capture loop on the test's own thread and a clock that does not wait.
final class Rehearsal: Sendable {
    /// One opening of the input.
    struct Opening: Sendable {
        let open: @Sendable (ManualClock) throws(SpeechError) -> any AudioSource

        init(_ open: @escaping @Sendable (ManualClock) throws(SpeechError) -> any AudioSource) { self.open = open }
    }

    let clock: ManualClock
    let control = CaptureControl()
    let sink: RecordingSink
    /// When the input was opened, in ms.
    let openTimesMS = Locked<[Int]>([])

    /// - Parameters:
    ///   - accepts: whether the sink takes a piece.
    ///   - stop: whether to stop after an event.
    init(
        accepts: @escaping @Sendable (_ timeMS: Int) -> Bool = { _ in true },
        stopAfter stop: @escaping @Sendable (_ event: RecordingSink.Event, _ timeMS: Int) -> Bool = { _, _ in false }
    ) {
        let (clock, control) = (ManualClock(), control)
        self.clock = clock
        sink = RecordingSink(
            timeMS: { clock.elapsedMS }, accepts: accepts,
            onEvent: { event, timeMS in
                if stop(event, timeMS) { control.beginStop() }
            })
    }

    /// Runs to the end, or until all openings are used up.
    func run(_ input: CaptureInput, frameMS: Int = 20, ringBufferMS: Int = 4000, _ openings: [Opening]) throws {
        let rest = Locked(openings)
        let (clock, control, openTimesMS) = (clock, control, openTimesMS)
        CaptureThread(
            input: input, settings: try CaptureSettings(frameMS: frameMS, ringBufferMS: ringBufferMS), sink: sink,
            open: { (_, _) throws(SpeechError) -> any AudioSource in
                openTimesMS.withLock { $0.append(clock.elapsedMS) }
                guard let opening = rest.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
                    control.beginStop()
                    throw missing
                }
                return try opening.open(clock)
            },
            clock: clock, control: control
        ).run()
    }
}

/// What opening says when there is no device.
let missing = SpeechError(.deviceUnavailable, "There is no device.", advice: "Plug it in.")
extension Rehearsal.Opening {
    /// No device is there.
    static let absent = Self { _ throws(SpeechError) in throw missing }

    static func device(sampleRate: Int = 16_000, _ steps: [ScriptedDevice.Step]) -> Self {
        Self { clock throws(SpeechError) in try ScriptedDevice(clock, sampleRate: sampleRate, steps) }
    }

    static func recording(
        frames: Int, sampleRate: Int = 16_000, channels: Int = 1, failing error: SpeechError? = nil
    ) -> Self {
        Self { _ throws(SpeechError) in
            try ScriptedRecording(frames: frames, sampleRate: sampleRate, channels: channels, failing: error)
        }
    }
}
