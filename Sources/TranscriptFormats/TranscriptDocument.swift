import FoundationEssentials
import SpeechModel

/// The JSON form of a transcript.
struct TranscriptDocument: Codable, Hashable {
    struct Segment: Codable, Hashable {
        /// 0, 1, 2 … within the transcript.
        var index: Int
        var startMS: Int
        var endMS: Int
        var text: String
        var confidence: Double
        /// Left out where nobody asked who speaks.
        var speaker: String?

        enum CodingKeys: String, CodingKey {
            case index, text, confidence, speaker
            case startMS = "start_ms"
            case endMS = "end_ms"
        }
    }

    struct TimedWord: Codable, Hashable {
        var word: String
        var startMS: Int
        var endMS: Int
        var confidence: Double
        var speaker: String?

        enum CodingKeys: String, CodingKey {
            case word, confidence, speaker
            case startMS = "start_ms"
            case endMS = "end_ms"
        }
    }

    var text: String
    var segments: [Segment]
    var words: [TimedWord]
    var language: String
    var durationSeconds: Double
    var processingTimeMS: Int
    var modelVersion: String

    enum CodingKeys: String, CodingKey {
        case text, segments, words, language
        case durationSeconds = "duration_seconds"
        case processingTimeMS = "processing_time_ms"
        case modelVersion = "model_version"
    }

    init(finals: [FinalResult], summary: TranscriptSummary) {
        text = finals.map(\.hypothesis.text).joined(separator: " ")
        segments = finals.enumerated().map { index, final in
            Segment(
                index: index, startMS: final.startMS, endMS: final.endMS, text: final.hypothesis.text,
                confidence: rounded(final.hypothesis.confidence), speaker: final.hypothesis.speaker)
        }
        words = finals.flatMap { final in
            final.hypothesis.words.map {
                TimedWord(
                    word: $0.text, startMS: $0.startMS, endMS: $0.endMS, confidence: rounded($0.confidence),
                    speaker: final.hypothesis.speaker)
            }
        }
        language = summary.language
        durationSeconds = rounded(summary.durationSeconds)
        processingTimeMS = summary.processingTimeMS
        modelVersion = summary.modelVersion
    }

    /// Indented, with keys in alphabetical order, so that two runs can be compared by line.
    func encoded() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Every number is finite (`rounded`), and nothing else can fail.
        let data = try! encoder.encode(self)
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

/// `value` to three decimals; 0 when it is not a number.
func rounded(_ value: Double) -> Double {
    value.isFinite ? (value * 1000).rounded() / 1000 : 0
}
