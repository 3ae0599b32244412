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
    /// What the recogniser is given.
    struct Utterance: Hashable {
        var start: SampleTime
        var suppressesNoise: Bool
        var samples: [Int16] = []
    }

    private let decoder: NoiseSuppressingDecoder
    private let detector: any VoiceActivityDetector
    /// Of sessions that were decoded already: what was done to them often changed nothing.
    private var known: [[Utterance]: [Word]] = [:]

    /// Loads the models.
    init(_ settings: Settings) throws {
        let models = ModelFiles.locate(settings)
        decoder = NoiseSuppressingDecoder(try PocketSphinxDecoder(models: models.pocketSphinx, mode: .live))
        detector = try Recognition.detectors(settings, models: models)()
    }

    /// The utterances of a session in which `samples`, 16 kHz mono, are all that is heard.
    func utterances(in samples: [Int16], _ configuration: SpeechPipeline.Configuration) throws -> [Utterance] {
        detector.reset()
        var pipeline = SpeechPipeline(
            format: try AudioFormat(sampleRate: SampleTime.rate, channels: 1), configuration: configuration,
            detector: GatedDetector(detector))
        var utterances: [Utterance] = []
        var actions: [PipelineAction] = []
        func perform() {
            for action in actions {
                switch action {
                case .begin(_, let suppressesNoise, _):
                    utterances.append(Utterance(start: .zero, suppressesNoise: suppressesNoise))
                case .recognise(_, let range):
                    let last = utterances.count - 1
                    if utterances[last].samples.isEmpty { utterances[last].start = range.lowerBound }
                    pipeline.withSamples(in: range) { utterances[last].samples += $0 }
                default: break
                }
            }
            actions.removeAll(keepingCapacity: true)
        }
        try samples.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 640) {
                try pipeline.ingest(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 640, bytes.count)]), into: &actions)
                perform()
            }
        }
        pipeline.finish(into: &actions)
        perform()
        return utterances
    }

    /// The words of a session, with times from its beginning; what is learnt in an utterance is known in the next.
    func words(of utterances: [Utterance]) throws -> [Word] {
        if let words = known[utterances] { return words }
        var adaptation: String?
        var words: [Word] = []
        for utterance in utterances {
            try decoder.start(adaptation: adaptation, suppressesNoise: utterance.suppressesNoise, keyPhrases: nil)
            for start in stride(from: 0, to: utterance.samples.count, by: VoiceActivityWindow.samples) {
                try utterance.samples[start..<min(start + VoiceActivityWindow.samples, utterance.samples.count)]
                    .withUnsafeBufferPointer { try decoder.accept($0) }
            }
            let (hypothesis, learnt) = try decoder.finish()
            adaptation = learnt ?? adaptation
            words += hypothesis.shifted(byMS: utterance.start.milliseconds).words
        }
        known[utterances] = words
        return words
    }
}
