import PipelineFeed
import SpeechModel
import Testing
import TextAnalysis
import WireProtocol

/// The names of the feed are those that messages are written with, and a transcript has all that its message needs.
@Suite("The feed and the messages") struct ContractNamesTests {
    @Test("name an unknown language alike")
    func names() { #expect(TextAnalyser.unknownLanguage == LanguageCode.unknown.description) }

    @Test("a transcript becomes the contract's message")
    func transcript() throws {
        let source = TranscriptSource(session: SessionID("ses_019abc"), sampleRate: 16_000, channels: 1)
        var feed = TranscriptFeed(source: source, lastSequence: 16) { _, _ in
            TextAnnotation(language: "en", languageConfidence: 0.99, sentiment: .neutral, sentimentConfidence: 0.74)
        }
        let final = FinalResult(
            sequence: 17, hypothesis: Hypothesis(words: [Word("go", startMS: 420, endMS: 610, confidence: 0.97)]), startMS: 420,
            endMS: 2310, latency: FinalLatency(endpointWaitMS: 480, ingestMS: 0.33, recogniserMS: 30.9))
        let published = feed.transcript(of: final, timeline: StageTimeline(final.latency, answeredAt: 0))
        var made = try #require(published)
        made.timeline.move(20_000, from: .preprocess, to: .capture)
        made.timeline.mark(.language, at: 200_000)
        made.timeline.mark(.publish, at: 300_000)

        let latencies = StageLatencies(
            Dictionary(uniqueKeysWithValues: made.timeline.stages.map { ($0, $1) }))
        let message = TranscriptMessage(
            transcript: made.hypothesis.text, confidence: made.hypothesis.confidence, timestamp: 1_795_222_800.123456,
            audioStartTime: made.audioStartTime, audioEndTime: made.audioEndTime,
            processingTimeMS: made.timeline.processingTimeMS, language: LanguageCode(made.annotation.language),
            languageConfidence: made.annotation.languageConfidence,
            sentiment: made.annotation.sentiment,
            sentimentConfidence: made.annotation.sentimentConfidence, pipelineVersion: "1.0.0", sessionID: made.source.session,
            sequenceNumber: made.sequenceNumber, sampleRate: made.source.sampleRate, channels: made.source.channels,
            audioDurationMS: made.audioDurationMS, stageLatencies: latencies, words: made.hypothesis.words,
            speaker: made.hypothesis.speaker)
        #expect(message.topic == "transcript.en")
        let expected = #"""
            {"transcript":"go","confidence":0.97,"timestamp":1795222800.123456,"audio_start_time":0.42,"audio_end_time":2.31,\#
            "processing_time_ms":32,"language":"en","language_confidence":0.99,"sentiment":"neutral",\#
            "sentiment_confidence":0.74,"pipeline_version":"1.0.0","session_id":"ses_019abc","sequence_number":17,\#
            "sample_rate":16000,"channels":1,"audio_duration_ms":1890,\#
            "stage_latencies":{"capture":0.02,"wakeword":0,"preprocess":0.31,"stt":30.9,"language":0.2,"publish":0.1},\#
            "words":[{"word":"go","start_ms":420,"end_ms":610,"confidence":0.97}],"term":1}
            """#
        #expect(message.encoded.text == expected)
    }
}
