import AudioFiles
import CALSA
import Foundation
import Lanes
import SpeechModel
import SpeechPipeline
import Testing

@testable import CaptureEdge

@Suite("A microphone", .timeLimit(.minutes(1))) struct MicrophoneTests {
    @Test("that does not exist is named, without what its name would do to a terminal")
    func absent() throws {
        let error = try #require(throws: SpeechError.self) { try Microphone(device: "no\u{1B}such") }
        #expect(error.code == .deviceUnavailable)
        #expect(error.message == "There is no audio device “nosuch”.")
    }

    @Test("that has no format of ours is refused")
    func unfit() throws {
        let error = try #require(throws: SpeechError.self) {
            try Microphone(device: "x", periodMS: 20) { handle in
                // A converter between floats and integers, of which the device speaks the integers.
                FIFODevice.open("pcm.test { type lfloat slave { pcm { type null } format S16_LE } }", as: "test", &handle)
            }
        }
        #expect(error.message == "The audio device “x” cannot be used: Invalid argument.")
    }

    @Test(
        "that cannot be used says why",
        arguments: [
            (EBUSY, "The audio device “x” is busy."),
            (EACCES, "The audio device “x” may not be opened by this user."),
            (EPERM, "The audio device “x” may not be opened by this user."),
            (ETIMEDOUT, "The audio device “x” delivers nothing."),
            (ENODEV, "The audio device “x” went away or is none."),
            (EIO, "The audio device “x” cannot be used: Input/output error."),
        ])
    func reasons(_ status: CInt, _ message: String) {
        let error = Microphone.unavailable("x\n", -status)
        #expect(error.message == message && error.code == .deviceUnavailable && !error.advice.isEmpty)
    }

    @Test("is ALSA's own, whatever stands behind it")
    func null() throws {
        let microphone = try Microphone(device: "null", sampleRate: 22_050, channels: 2)
        #expect(microphone.format == (try AudioFormat(sampleRate: 22_050, channels: 2)))
        #expect(microphone.expectedDurationSeconds == nil && microphone.warnings.isEmpty)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1920, alignment: 16)
        defer { buffer.deallocate() }
        let count = try microphone.read(into: buffer)
        #expect(count > 0 && count % 2 == 0)
        microphone.close()
        #expect(try microphone.read(into: buffer) == 0)
    }

    @Test("that delivers as fast as it is read is lost, as any device with a wrong rate")
    func wrongRate() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: RecordingSink.Event.self)
        let sink = RecordingSink(timeMS: { 0 }, onEvent: { event, _ in continuation.yield(event) })
        let loop = CaptureLoop(
            .device(name: "null"), settings: try CaptureSettings(), sink: sink,
            decoder: DecoderSettings(selfExecutable: "/proc/self/exe"))
        loop.start()
        for await case .lost in events { break }
        await loop.stop()
        #expect(sink.events.first == .began(sampleRate: 16_000))
        #expect(sink.messages.first?.hasSuffix(" frames a second instead of 16000.") == true)
    }

    @Test("brings through ALSA, in time and without a gap, what the device delivers")
    func heard() async throws {
        let (samples, writer) = (Locked<[Int16]>([]), try FIFODevice())
        let (events, continuation) = AsyncStream.makeStream(of: RecordingSink.Event.self)
        let sink = RecordingSink(timeMS: { 0 }, onEvent: { event, _ in continuation.yield(event) })
        let loop = CaptureLoop(.device(name: "fifo"), settings: try CaptureSettings(frameMS: 10), sink: sink) {
            (_, _) throws(SpeechError) -> any AudioSource in
            try Microphone(device: "fifo", sampleRate: 48_000, periodMS: 10) { writer.open(&$0) }
        }
        loop.start()
        // In the device's time: 20 ms each 20 ms.
        let stop = Flag()
        Thread.detachNewThread {
            var due = monotonicNanoseconds()
            while !stop.wait(until: due) {
                let piece = samples.withLock { samples in
                    let piece = (samples.count..<samples.count + 960).map { Int16(truncatingIfNeeded: $0) }
                    samples += piece
                    return piece
                }
                writer.write(piece)
                due += 20_000_000
            }
        }
        var frames = 0
        for await event in events {
            guard case .audio(let count) = event else { continue }
            frames += count
            if frames >= 9600 { break }
        }
        await loop.stop()
        stop.raise()
        #expect(loop.hasEnded && loop.droppedFrames == 0)
        #expect(sink.events == [.began(sampleRate: 48_000), .audio(frames: sink.samples.count)])
        #expect(sink.pieces.allSatisfy { $0.frames == 480 })
        #expect(sink.samples == samples.withLock { Array($0.prefix(sink.samples.count)) })
    }
}
