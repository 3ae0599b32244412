import Foundation
import SpeechModel
import Testing
import WireProtocol

@Suite("Messages of the pipeline") struct PipelineMessageTests {
    static let transcript = TranscriptMessage(
        transcript: "go forward ten meters", confidence: 0.91, timestamp: 1_795_222_800.123456, audioStartTime: 0.42,
        audioEndTime: 2.31, processingTimeMS: 32, language: LanguageCode("en"), languageConfidence: 0.99, sentiment: .neutral,
        sentimentConfidence: 0.74, pipelineVersion: "1.0.0", sessionID: SessionID("ses_019abc"), sequenceNumber: 17,
        sampleRate: 16000, channels: 1, audioDurationMS: 1890,
        stageLatencies: StageLatencies([.capture: 0.02, .preprocess: 0.31, .stt: 30.9, .language: 0.2, .publish: 0.1]),
        words: [Word("go", startMS: 420, endMS: 610, confidence: 0.97)])
    static let event = EventMessage(
        .wakeWordDetected, timestamp: 1_795_222_799.5, metadata: ["phrase": "hey computer", "score": 0.83],
        sessionID: SessionID("ses_019abc"), source: "wakeword")
    static let status = StatusMessage(
        state: .listening, uptimeSeconds: 12.5, isHealthy: true, role: .primary, framesProcessed: 600, transcriptsCompleted: 2,
        averageLatencyMS: 31.25, bufferUtilization: 0.01, queueSizes: ["zmq_transcripts": 1, "zmq_events": 0], totalErrors: 3,
        errorRatePerHour: 0.5, cpuUsagePercent: 17.1, memoryUsageMB: 210.4, lastTranscriptTime: nil,
        statusTimestamp: 1_795_222_800.25)

    private func object(_ message: EncodedMessage) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(message.json)) as? [String: Any])
    }

    // MARK: - Text

    @Test("are, letter for letter, what the contract shows of a final")
    func final() {
        #expect(
            Self.transcript.encoded.text == """
                {"transcript":"go forward ten meters","confidence":0.91,"timestamp":1795222800.123456,"audio_start_time":0.42,\
                "audio_end_time":2.31,"processing_time_ms":32,"language":"en","language_confidence":0.99,"sentiment":"neutral",\
                "sentiment_confidence":0.74,"pipeline_version":"1.0.0","session_id":"ses_019abc","sequence_number":17,\
                "sample_rate":16000,"channels":1,"audio_duration_ms":1890,"stage_latencies":{"capture":0.02,"wakeword":0,\
                "preprocess":0.31,"stt":30.9,"language":0.2,"publish":0.1},\
                "words":[{"word":"go","start_ms":420,"end_ms":610,"confidence":0.97}],"term":1}
                """)
        #expect(Self.transcript.topic == "transcript.en")
    }

    @Test("are, letter for letter, what the contract shows of an event, with the term")
    func event() {
        #expect(
            Self.event.encoded.text == """
                {"event_type":"wake_word_detected","timestamp":1795222799.5,\
                "metadata":{"phrase":"hey computer","score":0.83},"session_id":"ses_019abc","level":"info","source":"wakeword",\
                "term":1}
                """)
        #expect(Self.event.topic == "event.wake_word_detected")
    }

    @Test("have no number as partials, and a topic of their own")
    func partial() throws {
        var message = Self.transcript
        message.sequenceNumber = nil
        message.speaker = "Ada"
        let fields = try object(message.encoded)
        #expect(fields["sequence_number"] == nil && fields["speaker"] as? String == "Ada")
        var expected = Set(try object(Self.transcript.encoded).keys)
        expected.remove("sequence_number")
        #expect(Set(fields.keys) == expected.union(["speaker"]))
        #expect(message.topic == "partial.en")
    }

    @Test("of the status have every field with its type")
    func status() throws {
        let fields = try object(Self.status.encoded)
        #expect(
            Set(fields.keys) == [
                "state", "uptime_seconds", "is_healthy", "role", "frames_processed", "transcripts_completed",
                "average_latency_ms", "buffer_utilization", "queue_sizes", "total_errors", "error_rate_per_hour",
                "cpu_usage_percent", "memory_usage_mb", "last_transcript_time", "status_timestamp",
            ])
        #expect(fields["state"] as? String == "listening" && fields["role"] as? String == "primary")
        #expect(fields["is_healthy"] as? Bool == true)
        #expect(fields["queue_sizes"] as? [String: Int] == ["zmq_events": 0, "zmq_transcripts": 1])
        #expect(fields["last_transcript_time"] is NSNull)
        #expect(fields["status_timestamp"] as? Double == 1_795_222_800.25)
        var later = Self.status
        later.lastTranscriptTime = 1_795_222_799.000001
        #expect(try object(later.encoded)["last_transcript_time"] as? Double == 1_795_222_799.000001)
        #expect(later.encoded.text.contains(#""last_transcript_time":1795222799.000001,"#))
    }

    @Test("of errors and heartbeats say what they must; an error maps texts to texts")
    func notices() throws {
        let error = ErrorMessage(SpeechError(.slowReader, "A “reader” was slow.", advice: "Read\nfaster."))
        #expect(
            try object(error.encoded) as? [String: String] == [
                "code": "slow-reader", "message": "A “reader” was slow.", "advice": "Read\nfaster.",
            ])
        #expect(HeartbeatMessage(uptimeSeconds: 1.5).encoded.text == #"{"uptime_seconds":1.5,"interval_seconds":30}"#)
    }

    // MARK: - Values

    @Test("name the 14 events, the stages and the states as the contract does")
    func names() {
        #expect(
            EventType.allCases.map(\.rawValue) == [
                "wake_word_detected", "speech_started", "speech_stopped", "processing_started", "processing_completed",
                "transcript_ready", "error_occurred", "pipeline_started", "pipeline_stopped", "buffer_overflow", "stage_error",
                "state_changed", "failover", "config_changed",
            ])
        #expect(PipelineStage.allCases.map(\.rawValue) == ["capture", "wakeword", "preprocess", "stt", "language", "publish"])
        #expect(
            SessionState.allCases.map(\.rawValue) == ["idle", "listening", "processing", "emit", "error", "shutdown"])
        #expect(EventType.allCases.map { PipelineTopic.event($0) }.allSatisfy { $0.hasPrefix("event.") })
    }

    @Test(
        "name a language by two letters, or as unknown, so that nothing else gets into a topic",
        arguments: [
            ("en", "en"), ("EN-us", "en"), ("de_DE", "de"), ("unknown", "unknown"), ("", "unknown"), ("eng", "unknown"),
            ("e", "unknown"), ("é1", "unknown"), ("日本", "unknown"), ("e.", "unknown"), ("-en", "unknown"),
        ])
    func languages(_ tag: String, _ expected: String) {
        #expect(LanguageCode(tag).description == expected)
        #expect(PipelineTopic.transcript(LanguageCode(tag)) == "transcript.\(expected)")
        #expect(PipelineTopic.partial(LanguageCode(tag)) == "partial.\(expected)")
    }

    @Test("have whole numbers where the contract says so, and times in microseconds")
    func numbers() throws {
        let text = Self.transcript.encoded.text
        for name in [
            "processing_time_ms", "sequence_number", "sample_rate", "channels", "audio_duration_ms", "term", "start_ms",
        ] {
            #expect(text.contains(try Regex("\"\(name)\":[0-9]+[,}]")), "\(name)")
        }
        let times: [(Double, String)] = [
            (0, "0"), (0.000001, "0.000001"), (1_795_222_800, "1795222800"), (1_795_222_800.1, "1795222800.1"),
            (1_795_222_800.9999996, "1795222801"), (.nan, "0"), (-1, "0"), (.infinity, "1000000000000"),
        ]
        for (time, expected) in times {
            var message = Self.event
            message.timestamp = time
            #expect(message.encoded.text.contains("\"timestamp\":\(expected),"), "\(time)")
        }
    }

    @Test("stay within the ranges of their schemas, whatever they are given")
    func clamped() throws {
        var message = Self.transcript
        message.confidence = 1.0002
        message.languageConfidence = .nan
        message.sentimentConfidence = -.infinity
        message.processingTimeMS = -5
        message.sequenceNumber = 0
        message.audioStartTime = -0.1
        message.stageLatencies[.stt] = .infinity
        message.stageLatencies[.wakeword] = -1
        let fields = try object(message.encoded)
        #expect(fields["confidence"] as? Double == 1 && fields["language_confidence"] as? Double == 0)
        #expect(fields["sentiment_confidence"] as? Double == 0 && fields["processing_time_ms"] as? Int == 0)
        #expect(fields["sequence_number"] as? Int == 1 && fields["audio_start_time"] as? Double == 0)
        let stages = try #require(fields["stage_latencies"] as? [String: Double])
        #expect(stages["stt"] == 1e12 && stages["wakeword"] == 0)
    }

    @Test("of events carry texts, numbers and truths, in an order that does not change")
    func metadata() throws {
        let event = EventMessage(
            .errorOccurred, timestamp: 1,
            metadata: [
                "z": true, "text \"quoted\"": "a\\b\n\u{1}é", "count": -3, "ratio": -0.125, "none": .number(.nan),
                "endless": .number(-.infinity), "false": false,
            ], level: .error)
        #expect(
            event.encoded.text.contains(
                """
                "metadata":{"count":-3,"endless":-1000000000000,"false":false,"none":0,"ratio":-0.125,\
                "text \\"quoted\\"":"a\\\\b\\n\\u0001é","z":true},"session_id":"","level":"error","source":"pipeline"
                """), "\(event.encoded.text)")
        let fields = try object(event.encoded)
        let details = try #require(fields["metadata"] as? [String: Any])
        #expect(details["text \"quoted\""] as? String == "a\\b\n\u{1}é")
    }

    @Test("add their stages up")
    func stages() {
        var latencies = PipelineMessageTests.transcript.stageLatencies
        #expect(abs(latencies.total - 31.53) < 1e-9)
        latencies[.capture] = .nan
        latencies[.wakeword] = 1
        #expect(abs(latencies.total - 32.51) < 1e-9 && latencies[.wakeword] == 1 && StageLatencies().total == 0)
    }

    // MARK: - Envelope

    @Test("are enveloped under the key that names their type")
    func envelope() throws {
        let messages = [
            Self.transcript.encoded, Self.event.encoded, Self.status.encoded,
            ErrorMessage(SpeechError(.overloaded, "a", advice: "b")).encoded, HeartbeatMessage(uptimeSeconds: 0).encoded,
        ]
        #expect(messages.map(\.type) == StreamMessageType.allCases)
        for message in messages {
            let text = message.enveloped(timestamp: 1_795_222_800.000002, clientID: "cli_\"1\"")
            let name = message.type.rawValue
            #expect(
                text == """
                    {"message_type":"\(name)","timestamp":1795222800.000002,"\(name)":\(message.text),"client_id":"cli_\\"1\\""}
                    """)
            let fields = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect(Set(fields.keys) == ["message_type", "timestamp", name, "client_id"])
            #expect(fields["client_id"] as? String == "cli_\"1\"")
        }
    }
}
