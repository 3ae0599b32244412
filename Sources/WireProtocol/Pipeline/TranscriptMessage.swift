public import SpeechModel

/// What was said in one utterance, for subscribers of `transcript.*` (finals) and `partial.*`.
public struct TranscriptMessage: Sendable {
    public var transcript: String
    /// 0–1.
    public var confidence: Double
    /// When it was published, Unix seconds.
    public var timestamp: Double
    /// Seconds since the session's start.
    public var audioStartTime: Double
    /// Seconds since the session's start.
    public var audioEndTime: Double
    /// From the last needed sample to the publication, in whole milliseconds; what the stages add up to.
    public var processingTimeMS: Int
    public var language: LanguageCode
    /// 0–1.
    public var languageConfidence: Double
    public var sentiment: Sentiment
    /// 0–1.
    public var sentimentConfidence: Double
    /// The server's version.
    public var pipelineVersion: String
    public var sessionID: SessionID
    /// 1, 2, 3 … within the session without a gap; nil for a partial, which has no number.
    public var sequenceNumber: Int?
    /// Samples per second of the session's audio.
    public var sampleRate: Int
    public var channels: Int
    public var audioDurationMS: Int
    public var stageLatencies: StageLatencies
    public var words: [Word]
    /// Who spoke, when known.
    public var speaker: String?
    /// The number of the current primary's reign; 1 without a standby.
    public var term: Int

    /// Makes a message.
    public init(
        transcript: String, confidence: Double, timestamp: Double, audioStartTime: Double, audioEndTime: Double,
        processingTimeMS: Int, language: LanguageCode, languageConfidence: Double, sentiment: Sentiment,
        sentimentConfidence: Double, pipelineVersion: String, sessionID: SessionID, sequenceNumber: Int?, sampleRate: Int,
        channels: Int, audioDurationMS: Int, stageLatencies: StageLatencies, words: [Word], speaker: String? = nil,
        term: Int = 1
    ) {
        self.transcript = transcript
        self.confidence = confidence
        self.timestamp = timestamp
        self.audioStartTime = audioStartTime
        self.audioEndTime = audioEndTime
        self.processingTimeMS = processingTimeMS
        self.language = language
        self.languageConfidence = languageConfidence
        self.sentiment = sentiment
        self.sentimentConfidence = sentimentConfidence
        self.pipelineVersion = pipelineVersion
        self.sessionID = sessionID
        self.sequenceNumber = sequenceNumber
        self.sampleRate = sampleRate
        self.channels = channels
        self.audioDurationMS = audioDurationMS
        self.stageLatencies = stageLatencies
        self.words = words
        self.speaker = speaker
        self.term = term
    }

    /// What it is published under.
    public var topic: String {
        sequenceNumber == nil ? PipelineTopic.partial(language) : PipelineTopic.transcript(language)
    }

    /// The message as JSON.
    public var encoded: EncodedMessage {
        EncodedMessage(.transcript, sequenceNumber == nil ? Self.partialFields : Self.fields, self)
    }

    // MARK: - The table

    static let fields: [MessageField<TranscriptMessage>] = before + [number] + after
    static let partialFields: [MessageField<TranscriptMessage>] = before + [noNumber] + after

    private static let before: [MessageField<TranscriptMessage>] = [
        .text("transcript", "What was said.") { $0.transcript },
        .number("confidence", "Of the whole text, 0–1.", in: 0...1) { $0.confidence },
        .seconds("timestamp", "When it was published, Unix seconds.") { $0.timestamp },
        .seconds("audio_start_time", "Where the utterance begins, seconds since the session's start.") { $0.audioStartTime },
        .seconds("audio_end_time", "Where the utterance ends, seconds since the session's start.") { $0.audioEndTime },
        .integer("processing_time_ms", "From the last needed sample to the publication, milliseconds.") { $0.processingTimeMS },
        .text("language", "ISO 639-1, or `unknown`.", pattern: LanguageCode.pattern) { $0.language.description },
        .number("language_confidence", "0–1.", in: 0...1) { $0.languageConfidence },
        .choice("sentiment", "How it sounds.") { $0.sentiment },
        .number("sentiment_confidence", "0–1.", in: 0...1) { $0.sentimentConfidence },
        .text("pipeline_version", "The server's version.") { $0.pipelineVersion },
        .text("session_id", "The session that it belongs to.") { $0.sessionID.description },
    ]

    private static let number: MessageField<TranscriptMessage> =
        .integer("sequence_number", "1, 2, 3 … within the session, without a gap.", from: 1) { $0.sequenceNumber ?? 1 }
    private static let noNumber: MessageField<TranscriptMessage> =
        .optional("sequence_number", "Only finals are numbered.", .absent) { _, _ in }

    private static let after: [MessageField<TranscriptMessage>] = [
        .integer("sample_rate", "Samples per second of the session's audio.", from: 1) { $0.sampleRate },
        .integer("channels", "Of the session's audio.", from: 1) { $0.channels },
        .integer("audio_duration_ms", "The utterance's length, milliseconds.") { $0.audioDurationMS },
        .object("stage_latencies", "What each stage took, milliseconds.", StageLatencies.fields) { $0.stageLatencies },
        .list("words", "The words with their places.", of: Word.pipelineFields) { $0.words },
        .optionalText("speaker", "Who spoke, when known.") { $0.speaker },
        .integer("term", "The number of the current primary's reign.", from: 1) { $0.term },
    ]
}

/// What each stage took for one utterance, in milliseconds.
public struct StageLatencies: Hashable, Sendable {
    private var milliseconds: [PipelineStage: Double] = [:]

    /// Starts with 0 for every stage.
    public init(_ milliseconds: [PipelineStage: Double] = [:]) { self.milliseconds = milliseconds }

    /// What one stage took.
    public subscript(stage: PipelineStage) -> Double {
        get { milliseconds[stage] ?? 0 }
        set { milliseconds[stage] = newValue }
    }

    /// What all stages took, the parts that have no number left out.
    public var total: Double { PipelineStage.allCases.map { self[$0] }.filter(\.isFinite).reduce(0, +) }

    static let fields: [MessageField<StageLatencies>] = PipelineStage.allCases.map { stage in
        .number(stage.rawValue, "Milliseconds.") { $0[stage] }
    }
}

extension Word {
    fileprivate static let pipelineFields: [MessageField<Word>] = [
        .text("word", "The word as written.") { $0.text },
        .integer("start_ms", "Milliseconds since the session's start.") { $0.startMS },
        .integer("end_ms", "Milliseconds since the session's start.") { $0.endMS },
        .number("confidence", "0–1.", in: 0...1) { $0.confidence },
    ]
}
