/// A message as JSON in UTF-8, encoded once for all who receive it.
public struct EncodedMessage: Sendable, Equatable {
    /// What it is; the key under which an envelope carries it.
    public let type: StreamMessageType
    /// The JSON object.
    public let json: [UInt8]

    init<Message>(_ type: StreamMessageType, _ fields: [MessageField<Message>], _ message: Message) {
        var json = JSONText()
        json.object(fields, of: message)
        self.type = type
        self.json = json.bytes
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
