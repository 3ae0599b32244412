import PocketSphinxEngine
import RNNoiseEngine
import SpeechModel
import SpeechPipeline
import Workers

/// A session without a server: pipeline, detector and decoder in one thread, as fast as they go.
final class BareSession {
    /// A phrase that was noticed.
    struct Hit {
        var phrase: String
        var score: Double
        /// Where it ended, in seconds of the session.
        var end: Double
        /// How much audio had been heard when the default sensitivity noticed it, in seconds; nil if only the end of speech told.
        var noticed: Double?
    }

    private(set) var hits: [Hit] = []
    private(set) var finals: [FinalResult] = []
    private(set) var seconds = 0.0

    private var pipeline: SpeechPipeline
    private let decoder: any UtteranceDecoder
    private let staysAsleep: Bool
    private var adaptation: String?
    private var open: (key: UtteranceKey, isSpotted: Bool, start: SampleTime?)?
    private var noticed: [String: Double] = [:]

    /// - Parameter staysAsleep: phrases are noted, but nothing is recognised after them.
    init(detector: any VoiceActivityDetector, decoder: any UtteranceDecoder, wakeWord: WakeWord, staysAsleep: Bool) throws {
        pipeline = SpeechPipeline(
            format: try AudioFormat(sampleRate: SampleTime.rate, channels: 1),
            configuration: SpeechPipeline.Configuration(wakeWord: wakeWord), detector: GatedDetector(detector))
        self.decoder = decoder
        self.staysAsleep = staysAsleep
    }

    func hear(_ samples: [Int16]) throws {
        for start in stride(from: 0, to: samples.count, by: VoiceActivityWindow.samples) {
            let piece = samples[start..<min(samples.count, start + VoiceActivityWindow.samples)]
            seconds += Double(piece.count) / Double(SampleTime.rate)
            var actions: [PipelineAction] = []
            try piece.withUnsafeBytes { try pipeline.ingest($0, into: &actions) }
            try perform(actions)
            guard let open, open.isSpotted, let utteranceStart = open.start else { continue }
            let heard = decoder.partial()
            for word in heard.words where word.confidence >= 0.45 && noticed[word.text] == nil { noticed[word.text] = seconds }
            guard !staysAsleep, !heard.words.isEmpty else { continue }
            note(heard.words, from: utteranceStart)
            actions = []
            pipeline.partial(heard, for: open.key, throughSample: 0, into: &actions)
            try perform(actions)
        }
    }

    func end() throws {
        var actions: [PipelineAction] = []
        pipeline.finish(into: &actions)
        try perform(actions)
    }

    private func note(_ words: [Word], from start: SampleTime) {
        for word in words {
            hits.append(
                Hit(
                    phrase: word.text, score: word.confidence, end: start.seconds + Double(word.endMS) / 1000,
                    noticed: noticed[word.text]))
        }
        noticed = [:]
    }

    private func perform(_ actions: [PipelineAction]) throws {
        for action in actions {
            switch action {
            case .begin(let key, let suppressesNoise, let keyPhrases):
                open = (key, keyPhrases != nil, nil)
                try decoder.start(adaptation: adaptation, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases)
            case .recognise(_, let range):
                if open?.start == nil { open?.start = range.lowerBound }
                var failure: (any Error)?
                pipeline.withSamples(in: range) { samples in
                    do { try decoder.accept(samples) } catch { failure = error }
                }
                if let failure { throw failure }
            case .finish(let key):
                let (reading, learnt) = try decoder.finish()
                adaptation = learnt ?? adaptation
                let isSpotted = open?.isSpotted == true
                if isSpotted, let start = open?.start { note(reading.words, from: start) }
                open = nil
                var more: [PipelineAction] = []
                pipeline.final(isSpotted && staysAsleep ? Hypothesis(words: []) : reading, for: key, into: &more)
                try perform(more)
            case .cancel:
                decoder.cancel()
                open = nil
            case .emit(.final(let final)): finals.append(final)
            case .emit, .settled, .woke, .fellAsleep, .spottingFailed: break
            }
        }
    }
}
