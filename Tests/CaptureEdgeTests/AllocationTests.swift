import CAllocationCounter
import SpeechModel
import SpeechPipeline
import Synchronization
import Testing

@testable import CaptureEdge

@Suite(.enabled(if: allocation_counter_works(), "a sanitizer has an allocator of its own"))
struct AllocationTests {
    @Test("Nothing is allocated while audio comes, not even while a sink refuses it and the ring overflows")
    func steady() throws {
        let (clock, control) = (ManualClock(), CaptureControl())
        let sink = CountingSink(control)
        CaptureThread(
            input: .device(name: "mic"), settings: try CaptureSettings(ringBufferMS: 1000), sink: sink,
            open: { (_, _) throws(SpeechError) in try SteadyDevice(clock) }, clock: clock, control: control
        ).run()
        #expect(sink.pieces.load(ordering: .relaxed) == 400)
        #expect(sink.refusals.load(ordering: .relaxed) == 150 && sink.dropped.load(ordering: .relaxed) > 0)
        #expect(sink.allocations.load(ordering: .relaxed) == 0)
    }
}

/// Takes 100 pieces, refuses 150 times, then takes again; counts its thread's allocations in between.
private final class CountingSink: CaptureSink {
    let pieces = Atomic(0)
    let refusals = Atomic(0)
    let dropped = Atomic(0)
    let allocations = Atomic<Int64>(0)
    private let control: CaptureControl

    init(_ control: CaptureControl) { self.control = control }

    func captureBegan(format: AudioFormat) {}

    func capture(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = pieces.load(ordering: .relaxed)
        if count == 100 {
            if refusals.load(ordering: .relaxed) == 0 { allocations.store(-allocation_counter_value(), ordering: .relaxed) }
            if refusals.load(ordering: .relaxed) < 150 {
                refusals.wrappingAdd(1, ordering: .relaxed)
                return false
            }
        }
        if pieces.wrappingAdd(1, ordering: .relaxed).newValue == 400 {
            allocations.wrappingAdd(allocation_counter_value(), ordering: .relaxed)
            control.beginStop()
        }
        return true
    }

    func captureLost(_ error: SpeechError, retryInMS: Int?) { control.beginStop() }
    func captureDropped(frames: Int) { dropped.wrappingAdd(frames, ordering: .relaxed) }
    func captureEnded() {}
}

/// Delivers pieces in a clock's time.
private final class SteadyDevice: LiveSource {
    let format: AudioFormat
    let expectedDurationSeconds: Double? = nil
    let warnings: [String] = []
    private let clock: ManualClock

    init(_ clock: ManualClock) throws(SpeechError) {
        format = try AudioFormat(sampleRate: 16_000, channels: 1)
        self.clock = clock
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int { buffer.count }

    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMostMS milliseconds: Int) throws(SpeechError) -> LiveRead {
        clock.advance(by: UInt64(buffer.count) * 31_250)
        return .audio(byteCount: buffer.count)
    }

    func close() {}
}
