import Foundation
import SpeechModel

/// What `/v1/audio/transcriptions` answers in JSON: always a text, and as much about it as the model knows.
struct TranscriptionAnswer: Decodable {
    struct TimedWord: Decodable {
        var word: String
        var start: Double
        var end: Double
        /// Of some servers, not of OpenAI's.
        var probability: Double?
    }

    struct Segment: Decodable {
        var text: String
        var start: Double
        var end: Double
        var avg_logprob: Double?
    }

    var text: String
    var words: [TimedWord]?
    var segments: [Segment]?

    /// Reads an answer; nil when it is none.
    init?(reading bytes: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = answer
    }

    /// The words with times from the utterance's start: as they are given, else spread over their segment, else over the utterance.
    /// Confidence is 1 where nothing is said of it, as for every model that does not know it.
    func hypothesis(durationMS: Int) -> Hypothesis {
        var placed: [Word] = []
        // Never before the word before, nor beyond the end, whatever the server says.
        func add(_ text: String, _ start: Int, _ end: Int, _ confidence: Double) {
            let start = min(max(start, placed.last?.startMS ?? 0), durationMS)
            placed.append(Word(text, startMS: start, endMS: min(max(end, start), durationMS), confidence: confidence))
        }
        func spread(_ text: String, _ start: Int, _ end: Int, _ confidence: Double) {
            let words = text.split(whereSeparator: \.isWhitespace)
            let characters = words.reduce(0) { $0 + $1.count }
            var passed = 0
            for word in words {
                let begin = start + (end - start) * passed / characters
                passed += word.count
                add(String(word), begin, start + (end - start) * passed / characters, confidence)
            }
        }
        if let words, !words.isEmpty {
            for word in words {
                let text = word.word.trimmingCharacters(in: .whitespacesAndNewlines)
                guard !text.isEmpty else { continue }
                let start = milliseconds(word.start)
                let segment = segments?.last { milliseconds($0.start) <= start }
                add(text, start, milliseconds(word.end), word.probability ?? segment?.confidence ?? 1)
            }
        } else if let segments, !segments.isEmpty {
            for segment in segments {
                let start = min(milliseconds(segment.start), durationMS)
                let end = min(max(milliseconds(segment.end), start), durationMS)
                spread(segment.text, start, end, segment.confidence ?? 1)
            }
        } else {
            spread(text, 0, durationMS, 1)
        }
        return Hypothesis(words: placed)
    }

    /// A day is more than any utterance.
    private func milliseconds(_ seconds: Double) -> Int { seconds.isFinite ? Int(min(max(seconds, 0), 86_400) * 1000) : 0 }
}

extension TranscriptionAnswer.Segment {
    /// The mean probability of its tokens.
    var confidence: Double? { avg_logprob.map { exp($0) } }
}
