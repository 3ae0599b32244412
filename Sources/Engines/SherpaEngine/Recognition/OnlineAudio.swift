import CSherpaOnnx
import SpeechModel

/// A stream of sherpa-onnx' online API, and the audio on its way into it.
final class OnlineAudio {
    let stream: OpaquePointer
    private let stepMS: Int
    private var samples = 0
    private var floats: [Float] = []

    init(_ stream: OpaquePointer, stepMS: Int?) {
        self.stream = stream
        self.stepMS = stepMS ?? 0
    }

    deinit { SherpaOnnxDestroyOnlineStream(stream) }

    /// How much there is, without the silence behind its end.
    var durationMS: Int { samples / (SampleTime.rate / 1000) }

    func accept(_ samples: UnsafeBufferPointer<Int16>) {
        self.samples += samples.count
        floats.removeAll(keepingCapacity: true)
        floats.append(contentsOf: samples.lazy.map { Float($0) / 32768 })
        feed()
    }

    func finish() {
        // The library takes whole steps only, and a model may look beyond one: silence fills the last step, and what it sees behind.
        // The library's own programs give 0.3 to 0.66 s; an utterance of ours has 0.2 s of the real silence, too, unless it was cut.
        floats = [Float](repeating: 0, count: SampleTime.rate / 1000 * max(500, stepMS + 200))
        feed()
        SherpaOnnxOnlineStreamInputFinished(stream)
    }

    private func feed() {
        floats.withUnsafeBufferPointer {
            SherpaOnnxOnlineStreamAcceptWaveform(stream, Int32(SampleTime.rate), $0.baseAddress, Int32($0.count))
        }
    }
}
