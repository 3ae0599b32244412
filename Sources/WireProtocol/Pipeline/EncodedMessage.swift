/// A message as JSON in UTF-8, encoded once for all who receive it.
public struct EncodedMessage: Sendable, Equatable {
    /// What it is; the key under which an envelope carries it.
    public let type: StreamMessageType
    /// The JSON object.
    public private(set) var json: [UInt8]

    init<Message>(_ type: StreamMessageType, _ fields: [MessageField<Message>], _ message: Message) {
        var json = JSONText()
        json.object(fields, of: message)
        self.type = type
        self.json = json.bytes
    }

    /// A transcript that was encoded before, perhaps by another server.
    public init(transcript json: [UInt8]) {
        type = .transcript
        self.json = json
    }

    /// The same message, byte for byte, in another reign: only its last field changes.
    public func inTerm(_ term: Int) -> EncodedMessage {
        let key = Array("\"term\":".utf8)
        guard json.last == UInt8(ascii: "}"),
            let start = json.indices.reversed().first(where: { json[$0...].starts(with: key) })
        else { return self }
        var message = self
        message.json = Array(json[..<start]) + key + Array("\(term)}".utf8)
        return message
    }

    /// The JSON object as text.
    public var text: String { String(decoding: json, as: UTF8.self) }

    /// The message as `/stream` sends it to one client.
    ///
    /// - Parameters:
    ///   - timestamp: when it is sent, Unix seconds.
    ///   - clientID: whom it is sent to.
    public func enveloped(timestamp: Double, clientID: String) -> String {
        var text = JSONText(capacity: json.count + 128)
        text.object(StreamEnvelope.fields, of: StreamEnvelope(message: self, timestamp: timestamp, clientID: clientID))
        return text.text
    }
}
