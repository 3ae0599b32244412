import PipelineFeed
import SpeechModel
import Synchronization
import Testing
import TextAnalysis

@Suite("The feed of a session's transcripts") struct TranscriptFeedTests {
    private static let german = TextAnnotation(
        language: "de", languageConfidence: 0.9, sentiment: .positive, sentimentConfidence: 0.7)
    private let source = TranscriptSource(session: SessionID("ses_1"), sampleRate: 48_000, channels: 2)

    private func final(_ sequence: Int, _ text: String = "guten tag") -> FinalResult {
        let words = text.split(separator: " ").enumerated().map { index, word in
            Word(String(word), startMS: 420 + index * 100, endMS: 510 + index * 100, confidence: 0.5)
        }
        return FinalResult(
            sequence: sequence, hypothesis: Hypothesis(words: words, alternatives: ["gute nacht"]), startMS: 420, endMS: 2310,
            latency: FinalLatency())
    }

    @Test("has everything that is published of a final")
    func whole() throws {
        var timeline = StageTimeline(lastSampleAt: 0)
        timeline.mark(.stt, at: 30_000_000)
        var feed = TranscriptFeed(source: source) { _, _ in Self.german }
        let published = feed.transcript(of: final(1), timeline: timeline)
        let transcript = try #require(published)
        #expect(transcript.source == source)
        #expect(transcript.sequenceNumber == 1)
        #expect(transcript.hypothesis == final(1).hypothesis)
        #expect(transcript.audioStartTime == 0.42)
        #expect(transcript.audioEndTime == 2.31)
        #expect(transcript.audioDurationMS == 1890)
        #expect(transcript.annotation == Self.german)
        #expect(transcript.timeline == timeline)
        #expect(transcript.hypothesis.speaker == nil)
    }

    @Test("asks once per final, with its text and the language that is expected")
    func asks() {
        let asked = Mutex<[String]>([])
        var source = source
        source.expectedLanguage = "de"
        var feed = TranscriptFeed(source: source) { text, expected in
            asked.withLock { $0.append("\(text)|\(expected ?? "")") }
            return Self.german
        }
        _ = feed.transcript(of: final(1), timeline: StageTimeline(lastSampleAt: 0))
        _ = feed.transcript(of: final(1), timeline: StageTimeline(lastSampleAt: 0))
        _ = feed.transcript(of: final(2, "ja"), timeline: StageTimeline(lastSampleAt: 0))
        #expect(asked.withLock { $0 } == ["guten tag|de", "ja|de"])
    }

    @Test("publishes each number once, and counts what it never saw")
    func numbers() {
        var feed = TranscriptFeed(source: source) { _, _ in Self.german }
        let published = [1, 2, 2, 1, 3, 6, 5, 7].compactMap {
            feed.transcript(of: final($0), timeline: StageTimeline(lastSampleAt: 0))?.sequenceNumber
        }
        #expect(published == [1, 2, 3, 6, 7])
        #expect(feed.lastSequence == 7)
        #expect(feed.repeatedFinals == 3)
        #expect(feed.missingNumbers == 2)
    }

    @Test("goes on after the finals that were published elsewhere")
    func takenOver() {
        var feed = TranscriptFeed(source: source, lastSequence: 16) { _, _ in Self.german }
        #expect(feed.transcript(of: final(16), timeline: StageTimeline(lastSampleAt: 0)) == nil)
        #expect(feed.transcript(of: final(17), timeline: StageTimeline(lastSampleAt: 0))?.sequenceNumber == 17)
        #expect(feed.missingNumbers == 0)
    }

    @Test("publishes a partial without a number and without looking at its text")
    func partial() {
        let partial = PartialResult(
            stable: [Word("guten", startMS: 420, endMS: 510, confidence: 1)],
            unstable: [Word("tag", startMS: 520, endMS: 600, confidence: 0.5)], startMS: 420, endMS: 300)
        var feed = TranscriptFeed(source: source) { _, _ in Self.german }
        let before = feed.transcript(of: partial, timeline: StageTimeline(lastSampleAt: 0))
        #expect(before.sequenceNumber == nil)
        #expect(before.hypothesis.text == "guten tag")
        #expect(before.annotation == .unexamined(expecting: nil))
        #expect(before.annotation.language == TextAnalyser.unknownLanguage)
        #expect(before.annotation.sentiment == .neutral)
        #expect(before.audioDurationMS == 0, "It ends before it begins.")
        _ = feed.transcript(of: final(1), timeline: StageTimeline(lastSampleAt: 0))
        let after = feed.transcript(of: partial, timeline: StageTimeline(lastSampleAt: 0))
        #expect(after.annotation == .unexamined(expecting: "de"))
        var expecting = source
        expecting.expectedLanguage = "en"
        var english = TranscriptFeed(source: expecting) { _, _ in Self.german }
        _ = english.transcript(of: final(1), timeline: StageTimeline(lastSampleAt: 0))
        #expect(english.transcript(of: partial, timeline: StageTimeline(lastSampleAt: 0)).annotation.language == "en")
    }
}
