import CSherpaOnnx
import ModelLibrary
import SpeechModel

/// A stream of sherpa-onnx' online API, and the audio on its way into it.
final class OnlineAudio {
    let stream: OpaquePointer
    private let silenceMS: Int
    private var samples = 0
    private var floats: [Float] = []

    init(_ stream: OpaquePointer, of model: ModelDescription) {
        self.stream = stream
        silenceMS = model.closingSilenceMS
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
        floats = [Float](repeating: 0, count: SampleTime.rate / 1000 * silenceMS)
        feed()
        SherpaOnnxOnlineStreamInputFinished(stream)
    }

    private func feed() {
        floats.withUnsafeBufferPointer {
            SherpaOnnxOnlineStreamAcceptWaveform(stream, Int32(SampleTime.rate), $0.baseAddress, Int32($0.count))
        }
    }
}

extension ModelDescription {
    /// The silence behind an utterance, so that its last word is heard whole: the library takes whole steps only, and sees beyond one.
    ///
    /// The library's own programs give 0.3 s (its examples in C) to 0.8 s (its server, at the end of a stream), whatever the model. Before
    /// this silence an utterance has 0.2 s of the real one, unless it was cut.
    fileprivate var closingSilenceMS: Int {
        switch family {
        // A step of it is taken when the next one is there, too.
        case .streamingToneCTC: 2 * (stepMS ?? 300)
        // Its files do not tell its steps, which are of 0.6 s.
        case .streamingParaformer: 800
        default: max(500, (stepMS ?? 0) + 200)
        }
    }
}
