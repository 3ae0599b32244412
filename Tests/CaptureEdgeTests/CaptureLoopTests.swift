import AudioFiles
import Foundation
import Lanes
import SpeechModel
import SpeechPipeline
import Testing

@testable import CaptureEdge

/// These run on the machine's clock, because threads and waiting are what they are about. They wait for events, not for times.
@Suite("A capture loop", .timeLimit(.minutes(1))) struct CaptureLoopTests {
    private let decoder = DecoderSettings(selfExecutable: "/proc/self/exe")

    /// A sink, and the events that it gets.
    private func makeSink(accepts: @escaping @Sendable () -> Bool = { true })
        -> (sink: RecordingSink, events: AsyncStream<RecordingSink.Event>)
    {
        let (events, continuation) = AsyncStream.makeStream(of: RecordingSink.Event.self)
        let sink = RecordingSink(
            timeMS: { Int(monotonicNanoseconds() / 1_000_000) }, accepts: { _ in accepts() },
            onEvent: { event, _ in
                continuation.yield(event)
                if event == .ended { continuation.finish() }
            })
        return (sink, events)
    }

    @Test("delivers a file of disk in real time, then ends by itself")
    func file() async throws {
        let wav = try WAVFile(samples: (0..<8000).map { Int16($0) })
        let (sink, events) = makeSink()
        let loop = CaptureLoop(
            .recording(path: wav.path, loops: false), settings: try CaptureSettings(), sink: sink, decoder: decoder)
        let startMS = Int(monotonicNanoseconds() / 1_000_000)
        #expect(!loop.hasEnded)
        loop.start()
        loop.start()
        for await _ in events {}
        #expect(sink.samples == (0..<8000).map { Int16($0) })
        // Never before it could have been heard.
        #expect(sink.pieces.enumerated().allSatisfy { $1.timeMS - startMS >= ($0 + 1) * 20 })
        await loop.stop()
        #expect(loop.hasEnded && loop.droppedFrames == 0 && loop.utilization == 0)
        #expect(loop.input == .recording(path: wav.path, loops: false))
    }

    @Test("repeats the recording that stands for a device until it is stopped")
    func mock() async throws {
        let wav = try WAVFile(samples: (0..<500).map { Int16($0) })
        let (sink, events) = makeSink()
        let input = try #require(try CaptureInput.parse(device: nil, mock: wav.path, sample: nil))
        let loop = CaptureLoop(input, settings: try CaptureSettings(frameMS: 10), sink: sink, decoder: decoder)
        loop.start()
        var frames = 0
        for await event in events {
            guard case .audio(let count) = event else { continue }
            frames += count
            if frames >= 2400 { break }
        }
        await loop.stop()
        let samples = sink.samples
        #expect(samples.count >= 2400 && samples.enumerated().allSatisfy { $1 == Int16($0 % 500) })
        #expect(loop.hasEnded)
    }

    @Test("reads the standard input, and stops while it waits for it", arguments: [false, true])
    func standardInput(isStopped: Bool) async throws {
        let fifo = FileManager.default.temporaryDirectory.appending(path: "capture-\(UUID())").path
        #expect(mkfifo(fifo, 0o600) == 0)
        defer { unlink(fifo) }
        let writer = open(fifo, O_RDWR)
        let (sink, events) = makeSink()
        let settings = try CaptureSettings()
        let loop = CaptureLoop(
            .standardInput(try AudioFormat(sampleRate: 8000, channels: 1)), settings: settings, sink: sink,
            open: CaptureLoop.opener(settings: settings, decoder: decoder, standardInput: fifo))
        loop.start()
        let samples = (0..<1600).map { Int16($0) }
        #expect(samples.withUnsafeBytes { write(writer, $0.baseAddress, $0.count) } == 3200)
        var frames = 0
        for await event in events {
            if case .audio(let count) = event { frames += count }
            if frames == 1600 { break }
        }
        if isStopped { await loop.stop() }
        // Reading ended at once, and not with what its writer does.
        #expect(loop.hasEnded == isStopped)
        close(writer)
        if !isStopped { for await event in events where event == .ended { break } }
        #expect(sink.samples == samples)
        #expect(sink.events.last == (isStopped ? .audio(frames: 1600) : .ended))
        await loop.stop()
        #expect(loop.hasEnded)
    }

    @Test("can be stopped before it was started, and stays stopped")
    func stopFirst() async throws {
        let (sink, _) = makeSink()
        let loop = CaptureLoop(.device(name: "none"), settings: try CaptureSettings(), sink: sink, decoder: decoder)
        loop.beginStop()
        await loop.stop()
        loop.start()
        await loop.stop()
        #expect(loop.hasEnded && sink.events.isEmpty)
    }

    @Test("is stopped out of a wait of half a minute, by its own sink too")
    func stopWhileWaiting() async throws {
        let loop = Locked<CaptureLoop?>(nil)
        let sink = RecordingSink(timeMS: { 0 }, onEvent: { _, _ in loop.withLock { $0?.beginStop() } })
        let made = CaptureLoop(.device(name: "x"), settings: try CaptureSettings(), sink: sink) {
            (_, _) throws(SpeechError) -> any AudioSource in throw missing
        }
        loop.withLock { $0 = made }
        made.start()
        while !made.hasEnded { await Task.yield() }
        #expect(sink.events == [.lost(.deviceUnavailable, retryInMS: 250)])
        loop.withLock { $0 = nil }
    }

    @Test("does not wait for ever for a driver that hangs, and the sink hears nothing more of it")
    func stopWhileHanging() async throws {
        let (sink, _) = makeSink()
        let (isHanging, release) = (Flag(), Flag())
        let loop = CaptureLoop(
            .device(name: "x"), name: "capture", settings: try CaptureSettings(), sink: sink,
            open: { (_, _) throws(SpeechError) -> any AudioSource in
                isHanging.raise()
                release.wait(until: .max / 2)
                return try ScriptedRecording(frames: 16_000)
            }, clock: MonotonicClock(), stopPatience: 20_000_000)
        loop.start()
        while !isHanging.isRaised { await Task.yield() }
        await loop.stop()
        #expect(!loop.hasEnded)
        release.raise()
        while !loop.hasEnded { await Task.yield() }
        #expect(sink.events.isEmpty)
    }

    @Test("ends when nobody holds it any more")
    func forgotten() async throws {
        let (sink, events) = makeSink()
        let closed = Flag()
        do {
            let loop = CaptureLoop(.recording(path: "x", loops: true), settings: try CaptureSettings(), sink: sink) {
                (_, _) throws(SpeechError) -> any AudioSource in try ScriptedRecording(frames: 160_000) { closed.raise() }
            }
            loop.start()
            for await case .audio in events { break }
            withExtendedLifetime(loop) {}
        }
        while !closed.isRaised { await Task.yield() }
    }

    @Test("tells whoever asks how full its ring is, and what it lost")
    func gauges() async throws {
        let (sink, events) = makeSink(accepts: { false })
        let loop = CaptureLoop(
            .recording(path: "x", loops: true), settings: try CaptureSettings(frameMS: 10, ringBufferMS: 100), sink: sink
        ) { (_, _) throws(SpeechError) -> any AudioSource in try ScriptedRecording(frames: 160_000) }
        loop.start()
        for await case .dropped in events { break }
        #expect(loop.utilization == 1 && loop.droppedFrames >= 160)
        await loop.stop()
        #expect(sink.pieces.isEmpty)
    }
}

@Suite("A flag") struct FlagTests {
    @Test("ends the waits for it")
    func raises() async {
        let flag = Flag()
        #expect(!flag.wait(until: 0) && !flag.isRaised)
        #expect(!flag.wait(until: monotonicNanoseconds() + 1_000_000))
        async let waited = withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            Thread.detachNewThread { continuation.resume(returning: flag.wait(until: .max / 2)) }
        }
        flag.raise()
        #expect(await waited && flag.isRaised && flag.wait(until: 0))
    }
}
