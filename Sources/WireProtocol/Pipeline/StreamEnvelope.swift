/// What `/stream` puts around each message.
struct StreamEnvelope: Sendable {
    var message: EncodedMessage
    var timestamp: Double
    var clientID: String

    static let fields: [MessageField<StreamEnvelope>] = [
        .choice("message_type", "What it carries, under the key of the same name.") { $0.message.type },
        .seconds("timestamp", "When it was sent, Unix seconds.") { $0.timestamp },
        .payload(.transcript, "What was said.", ["transcript", "partial"]),
        .payload(.event, "What happened.", ["event"]),
        .payload(.status, "How the pipeline is.", ["status"]),
        .payload(.error, "What went wrong.", ["error"]),
        .payload(.heartbeat, "That the server is there.", ["heartbeat"]),
        .text("client_id", "Whom it was sent to.") { $0.clientID },
    ]
}

extension MessageField<StreamEnvelope> {
    /// A payload, which is there when the envelope is of its type.
    fileprivate static func payload(_ type: StreamMessageType, _ about: String, _ definitions: [String]) -> MessageField {
        optional(type.rawValue, about, .definition(definitions)) { json, envelope in
            guard envelope.message.type == type else { return }
            json.key(type.rawValue)
            json.json(envelope.message.json)
        }
    }
}
