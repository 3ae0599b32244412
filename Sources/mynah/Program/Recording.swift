import Foundation
import SpeechModel
import SpeechPipeline
import Synchronization

/// A recording as a whole, 16 kHz and mono, beside its way through the pipeline: who speaks can only be said of all of it.
final class Recording: Sendable {
    private struct State {
        var decoder: PCMDecoder
        var resampler: Resampler
        var input: [Float] = []
        var output: [Float] = []
        var samples: [Int16] = []

        mutating func take() {
            samples.append(contentsOf: output.lazy.map { Int16(clamping: Int(($0 * 32768).rounded())) })
        }
    }

    private let state: Mutex<State>

    init(_ format: AudioFormat) {
        state = Mutex(State(decoder: PCMDecoder(format: format), resampler: Resampler(inputRate: format.sampleRate)))
    }

    /// Keeps what comes next.
    func keep(_ bytes: UnsafeRawBufferPointer) throws(SpeechError) {
        try state.withLock { state throws(SpeechError) in
            state.input.removeAll(keepingCapacity: true)
            try state.decoder.decode(bytes, into: &state.input)
            state.output.removeAll(keepingCapacity: true)
            state.input.withUnsafeBufferPointer { state.resampler.resample($0, into: &state.output) }
            state.take()
        }
    }

    /// Everything, after the end.
    func samples() -> [Int16] {
        state.withLock { state in
            state.output.removeAll(keepingCapacity: true)
            state.resampler.flush(into: &state.output)
            state.take()
            return state.samples
        }
    }
}
