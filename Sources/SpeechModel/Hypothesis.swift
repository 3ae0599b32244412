/// What a recogniser thinks that was said in one utterance, at one moment.
public struct Hypothesis: Hashable, Sendable, Codable {
    /// The best path, with times from the *session's* start once the pipeline has placed it, from the utterance's start before.
    public var words: [Word]
    /// Other readings, best first, as plain text; only on final hypotheses.
    public var alternatives: [String]
    /// Who speaks, where that was asked for and is known: `speaker_1`, `speaker_2` … (``SpeakerTurn/name(of:)``).
    public var speaker: String?
    /// What is spoken, ISO 639-1, where the model has found out itself.
    public var language: String?

    /// Makes a hypothesis.
    public init(words: [Word], alternatives: [String] = [], speaker: String? = nil, language: String? = nil) {
        self.words = words
        self.language = language
        self.alternatives = alternatives
        self.speaker = speaker
    }

    /// The words joined by spaces.
    public var text: String { words.map(\.text).joined(separator: " ") }

    /// Mean of the word confidences weighted by duration; 0 without words.
    public var confidence: Double {
        var sum = 0.0
        var weight = 0.0
        for word in words {
            let duration = Double(max(1, word.endMS - word.startMS))
            sum += word.confidence * duration
            weight += duration
        }
        return weight == 0 ? 0 : sum / weight
    }

    /// The same hypothesis, `milliseconds` later.
    public func shifted(byMS milliseconds: Int) -> Hypothesis {
        Hypothesis(
            words: words.map {
                Word($0.text, startMS: $0.startMS + milliseconds, endMS: $0.endMS + milliseconds, confidence: $0.confidence)
            }, alternatives: alternatives, speaker: speaker, language: language)
    }
}
