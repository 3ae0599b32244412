public import SpeechModel

/// What the live stream (`WS /v1/asr/stream`) sends to a client, always as text.
public enum ServerStreamMessage: Sendable {
    /// The session has begun.
    case ack(StreamAck)
    /// The session goes on: send audio from sample `nextSample` (counted per channel at the client's rate); the finals after
    /// the one that the client named follow, up to `lastSequence`.
    case resumed(nextSample: Int, lastSequence: Int)
    /// A reading that may still change.
    case partial(StreamPartial)
    /// A reading that will not change.
    case final(StreamFinal)
    /// Audio before this sample (per channel, at the client's rate) will not be asked for again.
    case finalised(throughSample: Int)
    /// Something failed; whether the session goes on is told by whether the connection is closed.
    case error(code: String, message: String)
    /// The answer to `end`: everything was sent, the last final had this number (0 for none), and the connection closes with 1000.
    case ended(lastSequence: Int)

    /// An error as the catalogue has it.
    public static func error(_ error: SpeechError) -> ServerStreamMessage {
        .error(code: error.code.rawValue, message: error.description)
    }

    /// Reads a message.
    ///
    /// - Throws: ``SpeechError`` with `malformed-message`.
    public init(json: String) throws(SpeechError) {
        self = try JSONMessage.decode(Wire.self, from: json).message
    }

    /// The message as it goes over the wire.
    public var json: String {
        var json = JSONText(capacity: 1024)
        json.object { json in
            switch self {
            case .ack(let ack):
                json.field("type", "ack")
                json.field("audio_id", ack.audioID)
                json.field("session_id", ack.sessionID.description)
                json.field("resume_token", ack.resumeToken.exposed)
            case .resumed(let nextSample, let lastSequence):
                json.field("type", "resumed")
                json.field("next_sample", nextSample)
                json.field("last_sequence", lastSequence)
            case .partial(let partial): partial.write(to: &json)
            case .final(let final): final.write(to: &json)
            case .finalised(let throughSample):
                json.field("type", "finalised")
                json.field("through_sample", throughSample)
            case .error(let code, let message):
                json.field("type", "error")
                json.field("code", code)
                json.field("message", message)
            case .ended(let lastSequence):
                json.field("type", "ended")
                json.field("last_sequence", lastSequence)
            }
        }
        return json.text
    }
}

/// A session's names.
public struct StreamAck: Sendable {
    /// The audio of this session, as the archive will name it.
    public var audioID: String
    /// The session, to resume it.
    public var sessionID: SessionID
    /// The secret without which nobody resumes it.
    public var resumeToken: Sensitive<String>

    /// Names a session.
    public init(audioID: String, sessionID: SessionID, resumeToken: Sensitive<String>) {
        self.audioID = audioID
        self.sessionID = sessionID
        self.resumeToken = resumeToken
    }
}

/// An unfinished utterance on the wire. Its `words` are those of `text`.
public struct StreamPartial: Hashable, Sendable {
    /// The audio that it is in.
    public var audioID: String
    /// Finals of the session so far, which is the index of the segment that this one is going to be.
    public var index: Int
    /// Milliseconds from the session's start.
    public var startMS: Int
    /// Milliseconds from the session's start.
    public var endMS: Int
    /// What rarely changes any more.
    public var words: [Word]
    /// What follows it and may well change.
    public var unstableText: String

    /// Makes a message of a pipeline's result.
    public init(audioID: String, index: Int, _ result: PartialResult) {
        self.init(
            audioID: audioID, index: index, startMS: result.startMS, endMS: result.endMS, words: result.stable,
            unstableText: Hypothesis(words: result.unstable).text)
    }

    fileprivate init(audioID: String, index: Int, startMS: Int, endMS: Int, words: [Word], unstableText: String) {
        self.audioID = audioID
        self.index = index
        self.startMS = startMS
        self.endMS = endMS
        self.words = words
        self.unstableText = unstableText
    }

    /// The words joined by spaces.
    public var text: String { Hypothesis(words: words).text }

    fileprivate func write(to json: inout JSONText) {
        let hypothesis = Hypothesis(words: words)
        let text = hypothesis.text
        json.field("type", "partial")
        json.field("audio_id", audioID)
        json.field("start_ms", startMS)
        json.field("end_ms", endMS)
        json.field("text", text)
        json.field("unstable_text", unstableText)
        json.segment(index: index, startMS: startMS, endMS: endMS, text: text, confidence: hypothesis.confidence)
        json.words(words)
    }
}

/// A finished utterance on the wire.
public struct StreamFinal: Hashable, Sendable {
    /// The audio that it is in.
    public var audioID: String
    /// The utterance.
    public var result: FinalResult

    /// Makes a message of a pipeline's result.
    public init(audioID: String, _ result: FinalResult) {
        self.audioID = audioID
        self.result = result
    }

    fileprivate func write(to json: inout JSONText) {
        let text = result.hypothesis.text
        let confidence = result.hypothesis.confidence
        json.field("type", "final")
        json.field("audio_id", audioID)
        json.field("sequence", result.sequence)
        json.field("start_ms", result.startMS)
        json.field("end_ms", result.endMS)
        json.field("text", text)
        json.field("confidence", confidence)
        if let speaker = result.hypothesis.speaker { json.field("speaker", speaker) }
        json.segment(
            index: result.sequence - 1, startMS: result.startMS, endMS: result.endMS, text: text, confidence: confidence)
        json.words(result.hypothesis.words)
        json.array("alternatives", result.hypothesis.alternatives) { json, text in
            json.object { $0.field("text", text) }
        }
        json.object("latency") {
            $0.field("endpoint_wait_ms", result.latency.endpointWaitMS)
            $0.field("ingest_ms", result.latency.ingestMS)
            $0.field("recogniser_ms", result.latency.recogniserMS)
        }
    }
}

extension JSONText {
    fileprivate mutating func segment(index: Int, startMS: Int, endMS: Int, text: String, confidence: Double) {
        array("segments", CollectionOfOne(index)) { json, index in
            json.object {
                $0.field("index", index)
                $0.field("start_ms", startMS)
                $0.field("end_ms", endMS)
                $0.field("text", text)
                $0.field("confidence", confidence)
            }
        }
    }

    fileprivate mutating func words(_ words: [Word]) {
        array("words", words) { json, word in
            json.object {
                $0.field("word", word.text)
                $0.field("start_ms", word.startMS)
                $0.field("end_ms", word.endMS)
                $0.field("confidence", word.confidence)
            }
        }
    }
}

private struct Wire: Decodable {
    let message: ServerStreamMessage

    enum Key: String, CodingKey {
        case type, code, message, sequence, text, words, segments, alternatives, latency
        case audioID = "audio_id"
        case sessionID = "session_id"
        case resumeToken = "resume_token"
        case nextSample = "next_sample"
        case lastSequence = "last_sequence"
        case throughSample = "through_sample"
        case startMS = "start_ms"
        case endMS = "end_ms"
        case unstableText = "unstable_text"
        case speaker
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func integer(_ key: Key) throws -> Int { try fields.wholeNumber(key) }
        func text(_ key: Key) throws -> String { try fields.decode(String.self, forKey: key) }
        func words() throws -> [Word] { try fields.decode([WireWord].self, forKey: .words).map(\.word) }
        switch try text(.type) {
        case "ack":
            message = .ack(
                StreamAck(
                    audioID: try text(.audioID), sessionID: SessionID(try text(.sessionID)),
                    resumeToken: Sensitive(try text(.resumeToken))))
        case "resumed": message = .resumed(nextSample: try integer(.nextSample), lastSequence: try integer(.lastSequence))
        case "partial":
            message = .partial(
                StreamPartial(
                    audioID: try text(.audioID),
                    index: try fields.decode([WireSegment].self, forKey: .segments).first?.index ?? 0,
                    startMS: try integer(.startMS), endMS: try integer(.endMS), words: try words(),
                    unstableText: try text(.unstableText)))
        case "final":
            let alternatives = try fields.decode([WireAlternative].self, forKey: .alternatives).map(\.text)
            let latency = try fields.decode(WireLatency.self, forKey: .latency)
            message = .final(
                StreamFinal(
                    audioID: try text(.audioID),
                    FinalResult(
                        sequence: try integer(.sequence),
                        hypothesis: Hypothesis(
                            words: try words(), alternatives: alternatives,
                            speaker: try fields.decodeIfPresent(String.self, forKey: .speaker)),
                        startMS: try integer(.startMS), endMS: try integer(.endMS),
                        latency: FinalLatency(
                            endpointWaitMS: latency.endpoint_wait_ms, ingestMS: latency.ingest_ms,
                            recogniserMS: latency.recogniser_ms))))
        case "finalised": message = .finalised(throughSample: try integer(.throughSample))
        case "error": message = .error(code: try text(.code), message: try text(.message))
        case "ended": message = .ended(lastSequence: try integer(.lastSequence))
        default:
            throw JSONMessage.malformed(
                "The server's message has an unknown `type`.", advice: "Use a client of the server's version.")
        }
    }
}

// Names as on the wire.
private struct WireWord: Decodable {
    var word: Word { Word(wordText, startMS: start_ms, endMS: end_ms, confidence: confidence) }
    let wordText: String
    let start_ms: Int
    let end_ms: Int
    let confidence: Double

    enum CodingKeys: String, CodingKey {
        case wordText = "word"
        case start_ms, end_ms, confidence
    }
}

private struct WireSegment: Decodable { let index: Int }
private struct WireAlternative: Decodable { let text: String }
private struct WireLatency: Decodable {
    let endpoint_wait_ms: Double
    let ingest_ms: Double
    let recogniser_ms: Double
}
