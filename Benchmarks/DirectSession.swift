import Assembly
import MynahConfiguration
import PocketSphinxEngine
import RNNoiseEngine
import SpeechModel
import SpeechPipeline

/// A live session without a server: pipeline, detector and decoder on one thread, as fast as they go.
///
/// Hears what a session of the server hears of the same audio, sample for sample, so that what the stages before the recogniser do can be
/// measured in a tenth of the time.
final class DirectSession {
    private let decoder: NoiseSuppressingDecoder
    private let detector: any VoiceActivityDetector

    /// Loads the models.
    init(_ settings: Settings) throws {
        let models = ModelFiles.locate(settings)
        decoder = NoiseSuppressingDecoder(try PocketSphinxDecoder(models: models.pocketSphinx, mode: .live))
        detector = try Recognition.makeDetector(settings, models: models)
    }

    /// The finals of a session in which `samples`, 16 kHz mono, are all that is heard.
    func listen(to samples: [Int16], _ configuration: SpeechPipeline.Configuration) throws -> [FinalResult] {
        detector.reset()
        var pipeline = SpeechPipeline(
            format: try AudioFormat(sampleRate: SampleTime.rate, channels: 1), configuration: configuration,
            detector: GatedDetector(detector))
        var finals: [FinalResult] = []
        var actions: [PipelineAction] = []
        var adaptation: String?
        func perform() throws {
            while !actions.isEmpty {
                let current = actions
                actions.removeAll(keepingCapacity: true)
                for action in current {
                    switch action {
                    case .begin(_, let suppressesNoise):
                        try decoder.start(adaptation: adaptation, suppressesNoise: suppressesNoise)
                    case .recognise(_, let range):
                        var failure: (any Error)?
                        pipeline.withSamples(in: range) { piece in
                            do { try decoder.accept(piece) } catch { failure = error }
                        }
                        if let failure { throw failure }
                    case .finish(let key):
                        let (hypothesis, learnt) = try decoder.finish()
                        adaptation = learnt ?? adaptation
                        pipeline.final(hypothesis, for: key, into: &actions)
                    case .cancel: decoder.cancel()
                    case .emit(.final(let final)): finals.append(final)
                    case .emit, .settled: break
                    }
                }
            }
        }
        try samples.withUnsafeBytes { bytes in
            // As a session of the server takes it: about a window at a time.
            for start in stride(from: 0, to: bytes.count, by: 640) {
                try pipeline.ingest(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 640, bytes.count)]), into: &actions)
                try perform()
            }
        }
        pipeline.finish(into: &actions)
        try perform()
        return finals
    }
}
