import FoundationEssentials
public import SpeechModel

/// What a primary tells its standby of one session, so that the standby can go on with it. As JSON it is what crosses the link.
public enum SessionRecord: Codable, Sendable, Equatable {
    /// A session began.
    case began(SessionDescription)
    /// A result that does not change, with the message that subscribers get of it.
    case final(session: String, MirroredFinal)
    /// Everything before this sample, at the client's rate, is in finals or was silence.
    case finalised(session: String, throughSample: Int)
    /// The wake word was said, or is needed again.
    case wakefulness(session: String, isAwake: Bool)
    /// Nothing more is to be expected of a session; its client may still ask for what it missed.
    case ended(session: String)

    /// The record as it crosses the link.
    public var encoded: [UInt8] {
        do {
            return Array(try JSONEncoder().encode(self))
        } catch {
            // Every number in it is finite and every text is Unicode.
            preconditionFailure("a record cannot be written: \(error)")
        }
    }

    /// Reads a record.
    ///
    /// - Throws: ``ErrorCode/malformedMessage``.
    public init(encoded: [UInt8]) throws(SpeechError) {
        do {
            self = try JSONDecoder().decode(SessionRecord.self, from: Data(encoded))
        } catch {
            throw Self.unreadable(error)
        }
        guard isPossible else { throw Self.unreadable(nil) }
    }

    private static func unreadable(_ cause: (any Error)?) -> SpeechError {
        SpeechError(
            .malformedMessage, "A record of a session cannot be read.",
            advice: "Run versions on both servers that know each other's records.", underlying: cause)
    }

    /// Whether its numbers can be reckoned with: a session is shorter than thirty years.
    private var isPossible: Bool {
        switch self {
        case .began(let description): (1...1_000_000).contains(description.sampleRate)
        case .final(_, let final): final.result.sequence > 0 && (0...1_000_000_000_000).contains(final.result.endMS)
        case .finalised(_, let sample): sample >= 0
        case .ended, .wakefulness: true
        }
    }
}

/// What has to be known of a session to go on with it.
public struct SessionDescription: Codable, Sendable, Equatable {
    public var session: String
    public var audio: String
    /// What its client must know to resume it: a secret.
    public var token: String
    public var tenant: String
    /// Where its audio comes from.
    public var name: String
    /// ISO 639-1.
    public var language: String
    /// Of the client's audio, in Hz.
    public var sampleRate: Int
    public var channels: Int
    /// `pcm_s16le` or `pcm_f32le`.
    public var encoding: String
    /// Whether nothing is recognised before a wake word.
    public var needsWaking: Bool

    /// Describes a session.
    public init(
        session: SessionID, audio: AudioID, token: Sensitive<String>, tenant: TenantID, name: String, language: String,
        sampleRate: Int, channels: Int, encoding: String, needsWaking: Bool = false
    ) {
        self.session = session.description
        self.audio = audio.description
        self.token = token.exposed
        self.tenant = tenant.description
        self.name = name
        self.language = language
        self.sampleRate = sampleRate
        self.channels = channels
        self.encoding = encoding
        self.needsWaking = needsWaking
    }
}

/// A final as a standby keeps it.
public struct MirroredFinal: Codable, Sendable, Equatable {
    /// For the client that resumes.
    public var result: FinalResult
    /// For subscribers, byte for byte as the primary sends it: the topic, and the JSON object.
    public var topic: String
    public var message: String
    /// Of the message; ISO 639-1 or `unknown`.
    public var language: String

    /// Keeps a final.
    public init(result: FinalResult, topic: String, message: String, language: String) {
        self.result = result
        self.topic = topic
        self.message = message
        self.language = language
    }
}
