import SpeechModel
import Testing

@testable import CaptureEdge

@Suite("A sink that takes nothing") struct RefusingSinkTests {
    private let input = CaptureInput.device(name: "mic")

    @Test("for less than the ring's length loses nothing")
    func short() throws {
        let rehearsal = Rehearsal(accepts: { !(1000..<4900).contains($0) })
        try rehearsal.run(input, [.device([.audio(ms: 10_000)])])
        #expect(rehearsal.sink.samples == (0..<160_000).map { Int16(truncatingIfNeeded: $0) })
        #expect(rehearsal.sink.droppedFrames == 0 && rehearsal.control.droppedFrames == 0)
    }

    @Test("for longer loses the oldest audio, which is counted and reported once a second", arguments: [1000, 4000])
    func long(_ ringBufferMS: Int) throws {
        let rehearsal = Rehearsal(accepts: { !(1000..<11_000).contains($0) })
        try rehearsal.run(input, ringBufferMS: ringBufferMS, [.device([.audio(ms: 20_000)])])
        // Audio of 10 s came meanwhile, and one piece less than 1000 ms was taken before: it is there just when the refusing
        // begins.
        let dropped = 16 * (10_000 - ringBufferMS)
        #expect(rehearsal.sink.droppedFrames == dropped && rehearsal.control.droppedFrames == dropped)
        let before = 16 * 980
        #expect(
            rehearsal.sink.samples
                == (Array(0..<before) + Array(before + dropped..<320_000)).map { Int16(truncatingIfNeeded: $0) })
        let reports = rehearsal.sink.timedEvents.filter { if case .dropped = $0.event { true } else { false } }.map(\.timeMS)
        #expect(reports.count <= (10_000 - ringBufferMS) / 1000 + 2)
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $1 - $0 >= 1000 })
    }

    @Test("fills the ring, which says so to anybody")
    func utilization() throws {
        let levels = Locked<[Int: Double]>([:])
        let control = Locked<CaptureControl?>(nil)
        let rehearsal = Rehearsal(accepts: { timeMS in
            levels.withLock { levels in control.withLock { levels[timeMS] = $0?.utilization } }
            return timeMS >= 6000
        })
        control.withLock { $0 = rehearsal.control }
        try rehearsal.run(input, [.device([.audio(ms: 7000)])])
        #expect(levels.withLock { [$0[20], $0[2020], $0[5000], $0[7000]] } == [0, 0.5, 1, 0])
        #expect(rehearsal.control.utilization == 0)
    }

    @Test("gets what it refused also while the device is away, but not what was still there when the device came back")
    func lostMeanwhile() throws {
        let rehearsal = Rehearsal(accepts: { $0 >= 1150 })
        try rehearsal.run(input, [.device([.audio(ms: 1000)]), .device([.audio(ms: 1000)])])
        #expect(rehearsal.sink.samples.count == 32_000 && rehearsal.sink.droppedFrames == 0)
        #expect(rehearsal.sink.pieces.first?.timeMS == 1160)

        let later = Rehearsal(accepts: { $0 >= 1500 })
        try later.run(input, [.device([.audio(ms: 1000)]), .device([.audio(ms: 1000)])])
        #expect(later.sink.samples.count == 16_000 && later.sink.droppedFrames == 16_000)
        #expect(
            later.sink.events == [
                .began(sampleRate: 16_000), .lost(.deviceUnavailable, retryInMS: 250), .began(sampleRate: 16_000),
                .dropped(frames: 16_000), .audio(frames: 16_000), .lost(.deviceUnavailable, retryInMS: 500),
            ])
    }

    @Test("gets the rest of a file after its end, and then the end")
    func fileEnds() throws {
        let rehearsal = Rehearsal(accepts: { $0 >= 9000 })
        try rehearsal.run(.recording(path: "a.wav", loops: false), ringBufferMS: 1000, [.recording(frames: 32_008)])
        #expect(rehearsal.sink.events.last == .ended)
        #expect(rehearsal.sink.samples.last == 32_007)
        // The last piece has 8 frames only.
        #expect(rehearsal.sink.samples.count == 49 * 320 + 8)
        #expect(rehearsal.sink.droppedFrames == 32_008 - rehearsal.sink.samples.count)
    }

    @Test("makes the standard input wait, so that nothing of it is lost")
    func standardInputWaits() throws {
        let rehearsal = Rehearsal(accepts: { $0 % 500 == 0 })
        let format = try ScriptedRecording(frames: 1).format
        try rehearsal.run(.standardInput(format), ringBufferMS: 100, [.recording(frames: 16_000)])
        #expect(rehearsal.sink.samples == (0..<16_000).map { Int16(truncatingIfNeeded: $0) })
        #expect(rehearsal.sink.events == [.began(sampleRate: 16_000), .audio(frames: 16_000), .ended])
    }
}
