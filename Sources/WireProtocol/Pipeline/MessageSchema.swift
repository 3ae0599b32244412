/// The JSON Schema (draft 2020-12) of a message, made of the table that the message is written by.
public struct MessageSchema: Sendable {
    /// The name under `/schemas/`, without `.json`.
    public let name: String
    /// The schema. It refers to nothing outside itself.
    public let text: String

    /// Every schema: `transcript`, `partial`, `event`, `status`, `error`, `heartbeat` and `stream`, the envelope of `/stream`.
    public static let all: [MessageSchema] = bodies.map { MessageSchema($0) } + [envelope]

    private struct Body {
        var name: String
        var title: String
        var fields: [FieldDescription]
    }

    private static let bodies: [Body] = [
        Body(name: "transcript", title: "A final transcript", fields: TranscriptMessage.fields.map(\.description)),
        Body(name: "partial", title: "A partial transcript", fields: TranscriptMessage.partialFields.map(\.description)),
        Body(name: "event", title: "An event of the pipeline", fields: EventMessage.fields.map(\.description)),
        Body(name: "status", title: "The state of the pipeline", fields: StatusMessage.fields.map(\.description)),
        Body(name: "error", title: "An error", fields: ErrorMessage.fields.map(\.description)),
        Body(name: "heartbeat", title: "A heartbeat", fields: HeartbeatMessage.fields.map(\.description)),
    ]

    private static let envelope = MessageSchema(
        Body(name: "stream", title: "A message of /stream", fields: StreamEnvelope.fields.map(\.description))
    ) { json in
        // The payload is under the key that the type names.
        json.key("oneOf")
        json.array(StreamMessageType.allCases) { json, type in
            json.object { json in
                json.key("properties")
                json.object { json in
                    json.key("message_type")
                    json.object {
                        $0.key("const")
                        $0.string(type.rawValue)
                    }
                }
                json.key("required")
                json.array([type.rawValue]) { $0.string($1) }
            }
        }
        json.key("$defs")
        json.object { json in
            for body in bodies {
                json.key(body.name)
                FieldType.object(body.fields).write(to: &json, about: "\(body.title).")
            }
        }
    }

    private init(_ body: Body, _ extra: (inout JSONText) -> Void = { _ in }) {
        var json = JSONText(capacity: 8192)
        json.object { json in
            for (key, value) in [
                ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("$id", "/schemas/\(body.name).json"),
                ("title", body.title),
            ] {
                json.key(key)
                json.string(value)
            }
            FieldType.object(body.fields).writeKeywords(to: &json)
            extra(&json)
        }
        name = body.name
        text = json.text
    }
}
