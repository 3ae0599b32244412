import SpeechModel
import Testing

@testable import CaptureEdge

@Suite("A capture loop that is told to end") struct StopTests {
    private let mic = CaptureInput.device(name: "mic")

    /// Runs until a stop after the first event that fits.
    private func events(
        _ input: CaptureInput, _ openings: [Rehearsal.Opening], accepts: @escaping @Sendable (Int) -> Bool = { _ in true },
        stopAfter: @escaping @Sendable (RecordingSink.Event, Int) -> Bool
    ) throws -> [RecordingSink.Event] {
        let rehearsal = Rehearsal(accepts: accepts, stopAfter: stopAfter)
        try rehearsal.run(input, openings)
        #expect(rehearsal.control.ended.isRaised)
        return rehearsal.sink.events
    }

    @Test("says nothing more once it began")
    func began() throws {
        let events = try events(mic, [.device([.audio(ms: 1000)])]) { event, _ in event == .began(sampleRate: 16_000) }
        #expect(events == [.began(sampleRate: 16_000)])
    }

    @Test("says nothing more in the middle of audio, with audio waiting")
    func audio() throws {
        let events = try events(mic, [.device([.audio(ms: 1000)])], accepts: { $0 >= 200 }) { _, timeMS in timeMS >= 200 }
        #expect(events == [.began(sampleRate: 16_000), .audio(frames: 320)])
    }

    @Test("does not try again while it waits for a device")
    func backOff() throws {
        let events = try events(mic, [.absent, .device([.audio(ms: 1000)])]) { event, _ in
            event == .lost(.deviceUnavailable, retryInMS: 250)
        }
        #expect(events == [.lost(.deviceUnavailable, retryInMS: 250)])
    }

    @Test("says nothing of the device that it was opening or reading just then")
    func inTheDriver() throws {
        for isOpening in [true, false] {
            let rehearsal = Rehearsal()
            let control = rehearsal.control
            try rehearsal.run(
                mic,
                [
                    Rehearsal.Opening { _ throws(SpeechError) in
                        if isOpening { control.beginStop() }
                        return try StoppingSource(control)
                    }
                ])
            #expect(rehearsal.sink.events == (isOpening ? [] : [.began(sampleRate: 16_000)]))
            #expect(rehearsal.openTimesMS.withLock { $0.count } == 1)
        }
    }

    @Test("does not wait for a sink that never takes the rest of a file, or of the standard input")
    func refused() throws {
        let clock = Locked(0)
        for input in [
            CaptureInput.recording(path: "a.wav", loops: false), .standardInput(try ScriptedRecording(frames: 1).format),
        ] {
            clock.withLock { $0 = 0 }
            let control = Locked<CaptureControl?>(nil)
            let rehearsal = Rehearsal(accepts: { _ in
                if clock.withLock({
                    $0 += 1; return $0
                }) == 500 {
                    control.withLock { $0?.beginStop() }
                }
                return false
            })
            control.withLock { $0 = rehearsal.control }
            try rehearsal.run(input, ringBufferMS: 1000, [.recording(frames: 32_000)])
            #expect(!rehearsal.sink.events.contains(.ended) && rehearsal.sink.pieces.isEmpty)
        }
    }

    @Test("does nothing at all when it was told before")
    func before() throws {
        let rehearsal = Rehearsal()
        rehearsal.control.beginStop()
        try rehearsal.run(mic, [.device([.audio(ms: 1000)])])
        #expect(rehearsal.sink.events.isEmpty && rehearsal.openTimesMS.withLock { $0.isEmpty })
    }
}
