import SpeechModel
import Testing

@testable import CaptureEdge

@Suite("A captured device") struct DeviceTests {
    private let input = CaptureInput.device(name: "mic\u{1B}[2J")

    @Test("that is missing at first is tried after 0.25, 0.5, 1 … 30 s until it is there")
    func appears() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, Array(repeating: .absent, count: 9) + [.device([.audio(ms: 1000)])])
        #expect(
            rehearsal.sink.events == [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map {
                .lost(.deviceUnavailable, retryInMS: $0)
            } + [
                .began(sampleRate: 16_000), .audio(frames: 16_000), .lost(.deviceUnavailable, retryInMS: 30_000),
            ])
        #expect(
            rehearsal.openTimesMS.withLock { $0 } == [
                0, 250, 750, 1750, 3750, 7750, 15_750, 31_750, 61_750, 91_750, 122_750,
            ])
        #expect(rehearsal.control.ended.isRaised)
    }

    @Test("that is unplugged comes back without a restart, with another format if need be")
    func returns() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(
            input, [.device([.audio(ms: 3000)]), .absent, .device(sampleRate: 48_000, [.audio(ms: 2000)])])
        #expect(
            rehearsal.sink.events == [
                .began(sampleRate: 16_000), .audio(frames: 48_000), .lost(.deviceUnavailable, retryInMS: 250),
                .lost(.deviceUnavailable, retryInMS: 500),
                .began(sampleRate: 48_000), .audio(frames: 96_000), .lost(.deviceUnavailable, retryInMS: 1000),
            ])
    }

    @Test("delivers pieces of the length that was asked for, however the driver cuts its audio", arguments: [10, 20, 37, 100])
    func pieces(_ frameMS: Int) throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, frameMS: frameMS, [.device([.audio(ms: 3700)])])
        #expect(rehearsal.sink.pieces.allSatisfy { $0.frames == 16 * frameMS })
        #expect(rehearsal.sink.samples == (0..<16 * 3700).map { Int16(truncatingIfNeeded: $0) })
        // A piece is there when its last sample was heard.
        #expect(rehearsal.sink.pieces.enumerated().allSatisfy { $1.timeMS == ($0 + 1) * frameMS })
    }

    @Test("is tried again soon when it was sound for ten seconds", arguments: [(9900, 1000), (10_100, 250)])
    func sound(_ ms: Int, _ retryInMS: Int) throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.absent, .absent, .device([.audio(ms: ms)])])
        #expect(rehearsal.sink.events.last == .lost(.deviceUnavailable, retryInMS: retryInMS))
    }

    @Test("that stalls is lost after two seconds, and named without what its name would do to a terminal")
    func stalls() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device([.audio(ms: 1000), .silence(ms: 1900), .audio(ms: 1000), .silence(ms: 60_000)])])
        #expect(
            rehearsal.sink.events == [
                .began(sampleRate: 16_000), .audio(frames: 32_000), .lost(.deviceUnavailable, retryInMS: 250),
            ])
        #expect(rehearsal.sink.lossTimesMS == [1000 + 1900 + 1000 + 2000])
        #expect(rehearsal.sink.messages == ["The audio device “mic[2J” delivered nothing for 2 s."])
    }

    @Test("that never delivers anything is lost after two seconds")
    func dumb() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device([.silence(ms: 60_000)])])
        #expect(rehearsal.sink.lossTimesMS == [2000])
    }

    @Test(
        "that delivers a rate more than 5 % off is lost after about five seconds",
        arguments: [(0.94, 15_040), (1.06, 16_960), (0.333, 5328), (3, 48_000)])
    func wrongRate(_ speed: Double, _ rate: Int) throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device([.audio(ms: 60_000, speed: speed)])])
        let lossMS = try #require(rehearsal.sink.lossTimesMS.first)
        #expect(lossMS <= 5100)
        let message = try #require(rehearsal.sink.messages.first)
        #expect(message.hasSuffix(" frames a second instead of 16000."))
        let measured = try #require(Int(message.split(separator: " ").first { Int($0) != nil } ?? ""))
        #expect(abs(measured - rate) <= rate / 100)
    }

    @Test("may be up to 5 % off", arguments: [0.96, 1, 1.04])
    func nearlyRightRate(_ speed: Double) throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device([.audio(ms: 60_000, speed: speed)])])
        #expect(rehearsal.sink.samples.count == 16 * 60_000)
    }

    @Test("that has no pace at all is lost at once")
    func flood() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device([.audio(ms: 60_000, speed: .infinity)])])
        #expect(rehearsal.sink.lossTimesMS == [0])
        #expect(rehearsal.sink.samples.count < 16 * 6000)
    }

    @Test("whose audio piled up while the machine was busy is not taken for too fast or too slow")
    func heldUp() throws {
        let rehearsal = Rehearsal()
        let steps: [ScriptedDevice.Step] = (0..<40).flatMap { [.audio(ms: 130 * $0 + 20), .heldUp(ms: 400)] }
        try rehearsal.run(input, [.device(steps)])
        #expect(rehearsal.sink.messages == ["It went away."])
    }

    @Test("that lost audio goes on, and what was lost is counted by the time that has passed")
    func gap() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(
            input, [.device([.audio(ms: 1000), .silence(ms: 1080), .gap, .silence(ms: 15), .gap, .audio(ms: 10_000)])])
        #expect(
            rehearsal.sink.events == [
                .began(sampleRate: 16_000), .audio(frames: 16_000 + 320), .dropped(frames: 16 * 1100),
                .audio(frames: 160_000 - 320), .lost(.deviceUnavailable, retryInMS: 250),
            ])
        #expect(rehearsal.control.droppedFrames == 16 * 1100)
    }

    @Test("that brings nothing but gaps is lost after two seconds, without a busy core")
    func gapsOnly() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device(Array(repeating: .gap, count: 500))])
        #expect(rehearsal.sink.lossTimesMS == [2000])
        #expect(rehearsal.sink.messages == ["The audio device “mic[2J” delivered nothing for 2 s."])
    }

    @Test("that ends is lost, because devices do not end")
    func ends() throws {
        let rehearsal = Rehearsal()
        try rehearsal.run(input, [.device([.audio(ms: 100), .end]), .recording(frames: 3200)])
        #expect(
            rehearsal.sink.events == [
                .began(sampleRate: 16_000), .audio(frames: 1600), .lost(.deviceUnavailable, retryInMS: 250),
                .began(sampleRate: 16_000), .audio(frames: 3200), .lost(.deviceUnavailable, retryInMS: 500),
            ])
        #expect(rehearsal.sink.messages == Array(repeating: "The audio device “mic[2J” ended.", count: 2))
    }
}
