import AudioFiles
@testable import CaptureEdge
import SpeechModel
import SpeechPipeline

/// A device that does what it is told, in a clock's time. Its samples count up, so that a gap shows.
final class ScriptedDevice: LiveSource {
    enum Step {
        /// Audio at the right speed or another.
        case audio(ms: Int, speed: Double = 1)
        /// Nothing for a while.
        case silence(ms: Int)
        /// The device lost audio.
        case gap
        /// The reader was held up for so long.
        case heldUp(ms: Int)
        /// The end, which no device has.
        case end
    }

    let format: AudioFormat
    let expectedDurationSeconds: Double? = nil
    let warnings: [String] = []
    private let clock: ManualClock
    private var steps: [Step]
    private var next = Int16(0)
    /// Frames that the device has and nobody has read.
    private var backlog = 0

    /// - Parameter steps: after them the device is unplugged.
    init(_ clock: ManualClock, sampleRate: Int = 16_000, _ steps: [Step]) throws(SpeechError) {
        format = try AudioFormat(sampleRate: sampleRate, channels: 1)
        (self.clock, self.steps) = (clock, steps)
    }

    static let unplugged = SpeechError(.deviceUnavailable, "It went away.", advice: "Plug it in.")

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        fatalError("The loop reads live sources by their own call.")
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMostMS milliseconds: Int) throws(SpeechError) -> LiveRead {
        guard let step = steps.first else { throw Self.unplugged }
        steps.removeFirst()
        switch step {
        case .audio(let ms, let speed):
            // Devices hand over what they have, which is not a whole piece.
            let left = ms * format.sampleRate / 1000
            let frames = min(left, buffer.count / 2, 7 * format.sampleRate / 1000)
            if left > frames { steps.insert(.audio(ms: (left - frames) * 1000 / format.sampleRate, speed: speed), at: 0) }
            let late = min(backlog, frames)
            backlog -= late
            if speed.isFinite {
                clock.advance(by: UInt64(Double(frames - late) * 1e9 / Double(format.sampleRate) / speed))
            }
            for i in 0..<frames {
                buffer.storeBytes(of: next, toByteOffset: 2 * i, as: Int16.self)
                next &+= 1
            }
            return .audio(byteCount: 2 * frames)
        case .silence(let ms):
            clock.advance(by: UInt64(min(ms, milliseconds)) * 1_000_000)
            if ms > milliseconds { steps.insert(.silence(ms: ms - milliseconds), at: 0) }
            return .nothing
        case .gap:
            return .gap
        case .heldUp(let ms):
            clock.advance(by: UInt64(ms) * 1_000_000)
            backlog += ms * format.sampleRate / 1000
            return .nothing
        case .end:
            return .audio(byteCount: 0)
        }
    }

    func close() { steps = [.end] }
}

/// A recording in memory whose samples count up from 0.
final class ScriptedRecording: AudioSource {
    let format: AudioFormat
    let expectedDurationSeconds: Double? = nil
    let warnings = ["odd"]
    private let frames: Int
    private let error: SpeechError?
    private var position = 0
    private let onClose: @Sendable () -> Void

    /// - Parameter error: thrown at its end.
    init(
        frames: Int, sampleRate: Int = 16_000, channels: Int = 1, failing error: SpeechError? = nil,
        onClose: @escaping @Sendable () -> Void = {}
    ) throws(SpeechError) {
        format = try AudioFormat(sampleRate: sampleRate, channels: channels)
        (self.frames, self.error, self.onClose) = (frames, error, onClose)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        let count = min(frames - position, buffer.count / format.bytesPerFrame)
        if count == 0, let error { throw error }
        for i in 0..<count {
            for channel in 0..<format.channels {
                buffer.storeBytes(
                    of: Int16(truncatingIfNeeded: position + i), toByteOffset: 2 * (format.channels * i + channel), as: Int16.self
                )
            }
        }
        position += count
        return count * format.bytesPerFrame
    }

    func close() {
        position = frames
        onClose()
    }
}

/// A device that is being read when the loop is told to end, and fails for it.
final class StoppingSource: LiveSource {
    let format: AudioFormat
    let expectedDurationSeconds: Double? = nil
    let warnings: [String] = []
    private let control: CaptureControl

    init(_ control: CaptureControl) throws(SpeechError) {
        format = try AudioFormat(sampleRate: 16_000, channels: 1)
        self.control = control
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int { 0 }

    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMostMS milliseconds: Int) throws(SpeechError) -> LiveRead {
        control.beginStop()
        throw ScriptedDevice.unplugged
    }

    func close() {}
}
