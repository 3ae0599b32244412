import AudioFiles
import Foundation
import SpeechModel
import SpeechPipeline
import Synchronization

/// A recording as a whole, mono, for what can only be done with all of it.
final class Recording: Sendable {
    private struct State {
        var decoder: PCMDecoder
        /// nil keeps the rate.
        var resampler: Resampler?
        var input: [Float] = []
        var output: [Float] = []
        var samples: [Int16] = []

        mutating func take() {
            samples.append(contentsOf: output.lazy.map { Int16(clamping: Int(($0 * 32768).rounded())) })
        }
    }

    private let state: Mutex<State>

    /// The rate of ``samples()``, in Hz.
    let sampleRate: Int

    /// - Parameter keepsRate: else it becomes 16 kHz.
    init(_ format: AudioFormat, keepsRate: Bool = false) {
        sampleRate = keepsRate ? format.sampleRate : SampleTime.rate
        state = Mutex(
            State(decoder: PCMDecoder(format: format), resampler: keepsRate ? nil : Resampler(inputRate: format.sampleRate)))
    }

    /// Reads all of it.
    convenience init(_ source: any AudioSource, keepsRate: Bool) throws(SpeechError) {
        self.init(source.format, keepsRate: keepsRate)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: source.format.sampleRate / 4 * source.format.bytesPerFrame, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { return }
            try keep(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Keeps what comes next.
    func keep(_ bytes: UnsafeRawBufferPointer) throws(SpeechError) {
        try state.withLock { state throws(SpeechError) in
            state.input.removeAll(keepingCapacity: true)
            try state.decoder.decode(bytes, into: &state.input)
            state.output.removeAll(keepingCapacity: true)
            if state.resampler == nil {
                swap(&state.input, &state.output)
            } else {
                state.input.withUnsafeBufferPointer { state.resampler!.resample($0, into: &state.output) }
            }
            state.take()
        }
    }

    /// What is there before the end.
    var samplesSoFar: [Int16] { state.withLock { $0.samples } }

    /// Everything, after the end.
    func samples() -> [Int16] {
        state.withLock { state in
            state.output.removeAll(keepingCapacity: true)
            state.resampler?.flush(into: &state.output)
            state.take()
            return state.samples
        }
    }
}
