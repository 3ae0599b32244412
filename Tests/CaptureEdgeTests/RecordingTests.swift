import SpeechModel
import SpeechPipeline
import Testing

@testable import CaptureEdge

@Suite("A captured recording") struct RecordingTests {
    private let broken = SpeechError(.invalidAudio, "It is broken.", advice: "Record it again.")

    @Test("comes in real time to its end", arguments: [(16_000, 1), (44_100, 2)])
    func realTime(_ sampleRate: Int, _ channels: Int) throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(
            .recording(path: "a.wav", loops: false),
            [.recording(frames: sampleRate + 5, sampleRate: sampleRate, channels: channels)])
        #expect(
            rehearsal.sink.events == [.began(sampleRate: sampleRate), .audio(frames: sampleRate + 5), .ended])
        #expect(rehearsal.sink.samples == (0..<sampleRate + 5).map { Int16(truncatingIfNeeded: $0) })
        #expect(rehearsal.sink.pieces.dropLast().enumerated().allSatisfy { $1.timeMS == ($0 + 1) * 20 })
        #expect(rehearsal.sink.pieces.last?.frames == 5 && rehearsal.sink.pieces.last?.timeMS == 1000)
    }

    @Test("that is looped has no seam in its time, not even after ten minutes")
    func loops() throws {
        // 1.2345 s: no whole number of pieces.
        let rehearsal = Rehearsal(stopAfter: { _, timeMS in timeMS >= 600_000 })
        try rehearsal.run(
            .recording(path: "a.wav", loops: true), Array(repeating: .recording(frames: 19_752), count: 500))
        #expect(rehearsal.sink.events.count == 2)
        #expect(rehearsal.sink.pieces.count == 30_000)
        #expect(rehearsal.sink.pieces.enumerated().allSatisfy { $1.frames == 320 && $1.timeMS == ($0 + 1) * 20 })
        #expect(rehearsal.sink.samples.enumerated().allSatisfy { $1 == Int16($0 % 19_752) })
    }

    @Test("that is looped is tried again when it cannot be read, as a device is")
    func loopsAgain() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(
            .recording(path: "a.wav", loops: true),
            [.absent, .recording(frames: 1600), .recording(frames: 1600, failing: broken), .recording(frames: 0)])
        #expect(
            rehearsal.sink.events == [
                .lost(.deviceUnavailable, retryInMS: 250), .began(sampleRate: 16_000), .audio(frames: 3200),
                .lost(.invalidAudio, retryInMS: 500), .began(sampleRate: 16_000), .lost(.invalidAudio, retryInMS: 1000),
            ])
    }

    @Test("that is not looped is over when it cannot be read, and the reason is told")
    func fails() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(.recording(path: "a.wav", loops: false), [.recording(frames: 1600, failing: broken)])
        #expect(
            rehearsal.sink.events == [
                .began(sampleRate: 16_000), .audio(frames: 1600), .lost(.invalidAudio, retryInMS: nil), .ended,
            ])
    }

    @Test("of the standard input is read as fast as it comes")
    func standardInput() throws {
        let rehearsal = Rehearsal()
        let format = try AudioFormat(sampleRate: 16_000, channels: 1)
        try rehearsal.run(.standardInput(format), [.recording(frames: 16_000)])
        #expect(rehearsal.sink.events == [.began(sampleRate: 16_000), .audio(frames: 16_000), .ended])
        #expect(rehearsal.clock.elapsedMS == 0)
    }
}
