import Foundation
public import SpeechModel

/// What a client of the live stream (`WS /v1/asr/stream`) sends as text. Audio itself is best sent as binary messages.
public enum ClientStreamMessage: Sendable {
    /// Begins a session.
    case start(StreamStart)
    /// Continues a session on a new connection.
    case resume(StreamResume)
    /// The audio that follows begins at this sample (per channel, at the client's rate, from 0): to be sent after a resumption, so that
    /// what the server has already is discarded and a gap is noticed.
    case position(sample: Int)
    /// Audio in base64, for clients that cannot send binary messages.
    case frame([UInt8])
    /// No more audio will come; what was said is finalised.
    case end

    /// Reads a message.
    ///
    /// - Throws: ``SpeechError`` with `malformed-message`.
    public init(json: String) throws(SpeechError) {
        self = try JSONMessage.decode(Wire.self, from: json).message
    }

    /// The message as it goes over the wire.
    public var json: String {
        var json = JSONText()
        json.object {
            switch self {
            case .start(let start):
                $0.field("type", "start")
                $0.field("sample_rate", start.sampleRate)
                $0.field("channels", start.channels)
                $0.field("encoding", start.encoding)
                $0.field("language", start.language)
                $0.field("model", start.model)
                $0.field("wake_word", start.wakeWord)
            case .resume(let resume):
                $0.field("type", "start")
                $0.field("session_id", resume.sessionID.description)
                $0.field("resume_token", resume.token.exposed)
                $0.field("last_sequence", resume.lastSequence)
            case .position(let sample):
                $0.field("type", "position")
                $0.field("sample", sample)
            case .frame(let bytes):
                $0.field("type", "frame")
                $0.field("base64", Data(bytes).base64EncodedString())
            case .end: $0.field("type", "end")
            }
        }
        return json.text
    }
}

/// How a session begins. What is left out has the server's default.
public struct StreamStart: Hashable, Sendable {
    /// Samples per second and channel, 8000–48000.
    public var sampleRate: Int?
    /// 1 or 2, interleaved.
    public var channels: Int?
    /// `pcm_s16le` or `pcm_f32le`.
    public var encoding: String?
    /// ISO 639-1.
    public var language: String?
    /// The name of the model that is to recognise.
    public var model: String?
    /// Whether nothing is to be recognised before the wake word.
    public var wakeWord: Bool?

    /// Describes the audio that will come.
    public init(
        sampleRate: Int? = nil, channels: Int? = nil, encoding: String? = nil, language: String? = nil,
        model: String? = nil, wakeWord: Bool? = nil
    ) {
        self.model = model
        self.wakeWord = wakeWord
        self.sampleRate = sampleRate
        self.channels = channels
        self.encoding = encoding
        self.language = language
    }
}

/// How a session is continued.
public struct StreamResume: Sendable {
    /// The session, from its `ack`.
    public var sessionID: SessionID
    /// The secret of its `ack`.
    public var token: Sensitive<String>
    /// The last final that the client has; 0 for none.
    public var lastSequence: Int

    /// Names the session to continue.
    public init(sessionID: SessionID, token: Sensitive<String>, lastSequence: Int) {
        self.sessionID = sessionID
        self.token = token
        self.lastSequence = lastSequence
    }
}

private struct Wire: Decodable {
    let message: ClientStreamMessage

    enum Key: String, CodingKey {
        case type, base64, channels, encoding, language, model, sample
        case sampleRate = "sample_rate"
        case wakeWord = "wake_word"
        case sessionID = "session_id"
        case resumeToken = "resume_token"
        case lastSequence = "last_sequence"
    }

    /// More than a thousand years at 48 kHz: what is beyond would not fit into calculations.
    private static let maximumSample = 1 << 52

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        switch try fields.decode(String.self, forKey: .type) {
        case "start":
            if let session = try fields.decodeIfPresent(String.self, forKey: .sessionID) {
                message = .resume(
                    StreamResume(
                        sessionID: SessionID(session), token: Sensitive(try fields.decode(String.self, forKey: .resumeToken)),
                        lastSequence: try fields.wholeNumberIfPresent(.lastSequence) ?? 0))
            } else {
                message = .start(
                    StreamStart(
                        sampleRate: try fields.wholeNumberIfPresent(.sampleRate),
                        channels: try fields.wholeNumberIfPresent(.channels),
                        encoding: try fields.decodeIfPresent(String.self, forKey: .encoding),
                        language: try fields.decodeIfPresent(String.self, forKey: .language),
                        model: try fields.decodeIfPresent(String.self, forKey: .model),
                        wakeWord: try fields.decodeIfPresent(Bool.self, forKey: .wakeWord)))
            }
        case "position":
            let sample = try fields.wholeNumber(.sample)
            guard (0...Self.maximumSample).contains(sample) else {
                throw JSONMessage.malformed(
                    "The field `sample` is not a position.", advice: "Count samples per channel from the session's start, from 0."
                )
            }
            message = .position(sample: sample)
        case "frame":
            guard let audio = Data(base64Encoded: try fields.decode(String.self, forKey: .base64)) else {
                throw JSONMessage.malformed("The field `base64` is not base64.", advice: "Send binary messages instead.")
            }
            message = .frame(Array(audio))
        case "end": message = .end
        default:
            throw JSONMessage.malformed("The message's `type` is unknown.", advice: "Send `start`, `position`, `frame` or `end`.")
        }
    }
}
