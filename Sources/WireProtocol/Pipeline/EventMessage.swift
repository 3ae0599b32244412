public import SpeechModel

/// Something that happened in the pipeline, for subscribers of `event.*`.
public struct EventMessage: Sendable {
    public var type: EventType
    /// When it happened, Unix seconds.
    public var timestamp: Double
    /// Details; never what was said.
    public var metadata: [String: EventValue]
    /// The session that it belongs to; nil, written as an empty text, for what concerns the whole pipeline.
    public var sessionID: SessionID?
    public var level: EventLevel
    /// What reports it: a stage's name, or `pipeline`.
    public var source: String
    /// The number of the current primary's reign; 1 without a standby.
    public var term: Int

    /// Makes a message.
    public init(
        _ type: EventType, timestamp: Double, metadata: [String: EventValue] = [:], sessionID: SessionID? = nil,
        level: EventLevel = .info, source: String = "pipeline", term: Int = 1
    ) {
        self.type = type
        self.timestamp = timestamp
        self.metadata = metadata
        self.sessionID = sessionID
        self.level = level
        self.source = source
        self.term = term
    }

    /// What it is published under.
    public var topic: String { PipelineTopic.event(type) }
    /// The message as JSON.
    public var encoded: EncodedMessage { EncodedMessage(.event, Self.fields, self) }

    static let fields: [MessageField<EventMessage>] = [
        .choice("event_type", "What happened.") { $0.type },
        .seconds("timestamp", "When it happened, Unix seconds.") { $0.timestamp },
        .map("metadata", "Details.", of: .scalar) {
            $0.metadata
        } _: {
            $1.write(to: &$0)
        },
        .text("session_id", "The session that it belongs to; empty for what concerns the whole pipeline.") {
            $0.sessionID?.description ?? ""
        },
        .choice("level", "How grave it is.") { $0.level },
        .text("source", "What reports it: a stage's name, or `pipeline`.") { $0.source },
        .integer("term", "The number of the current primary's reign.", from: 1) { $0.term },
    ]
}

extension EventValue {
    fileprivate func write(to json: inout JSONText) {
        switch self {
        case .text(let text): json.string(text)
        case .integer(let value): json.integer(value)
        case .number(let value):
            let bounded = min(max(value, -FieldType.largest), FieldType.largest)
            json.number(value.isNaN ? 0 : bounded, decimals: 6)
        case .boolean(let value): json.boolean(value)
        }
    }
}
