import Foundation
import SpeechModel
import Testing
import WireProtocol

@Suite("Schemas of pipeline messages") struct MessageSchemaTests {
    private typealias Object = [String: Any]

    private func schema(_ name: String) throws -> [String: Any] {
        let schema = try #require(MessageSchema.all.first { $0.name == name })
        return try #require(try JSONSerialization.jsonObject(with: Data(schema.text.utf8)) as? [String: Any])
    }

    @Test("are JSON of the draft 2020-12, each with the address that it is served at")
    func heads() throws {
        let names = ["transcript", "partial", "event", "status", "error", "heartbeat", "stream"]
        #expect(MessageSchema.all.map(\.name) == names)
        for name in names {
            let schema = try schema(name)
            #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
            #expect(schema["$id"] as? String == "/schemas/\(name).json")
            #expect(schema["type"] as? String == "object")
            #expect((schema["title"] as? String)?.isEmpty == false)
        }
    }

    @Test("name every field that a message has, and require those that are always there")
    func fields() throws {
        var spoken = PipelineMessageTests.transcript
        spoken.speaker = "Ada"
        let messages: [(String, EncodedMessage, optional: Set<String>)] = [
            ("transcript", spoken.encoded, ["speaker"]), ("event", PipelineMessageTests.event.encoded, []),
            ("status", PipelineMessageTests.status.encoded, []),
            ("heartbeat", HeartbeatMessage(uptimeSeconds: 1).encoded, []),
        ]
        for (name, message, optional) in messages {
            let fields = try #require(try JSONSerialization.jsonObject(with: Data(message.json)) as? Object)
            let schema = try schema(name)
            let properties = try #require(schema["properties"] as? Object)
            let required = Set(try #require(schema["required"] as? [String]))
            #expect(Set(properties.keys) == Set(fields.keys), "\(name)")
            #expect(required == Set(fields.keys).subtracting(optional), "\(name)")
            for (field, property) in properties {
                #expect(((property as? Object)?["description"] as? String)?.isEmpty == false, "\(name).\(field)")
            }
        }
    }

    @Test("have the types of the contract")
    func types() throws {
        let transcript = try #require(try schema("transcript")["properties"] as? [String: Object])
        for name in ["processing_time_ms", "sequence_number", "sample_rate", "channels", "audio_duration_ms", "term"] {
            #expect(transcript[name]?["type"] as? String == "integer", "\(name)")
        }
        #expect(transcript["sequence_number"]?["minimum"] as? Int == 1)
        for name in ["confidence", "language_confidence", "sentiment_confidence"] {
            #expect(transcript[name]?["minimum"] as? Int == 0 && transcript[name]?["maximum"] as? Int == 1, "\(name)")
        }
        #expect(transcript["timestamp"]?["type"] as? String == "number" && transcript["timestamp"]?["maximum"] == nil)
        #expect(transcript["sentiment"]?["enum"] as? [String] == ["positive", "neutral", "negative"])
        #expect(transcript["language"]?["pattern"] as? String == "^([a-z]{2}|unknown)$")
        let stages = try #require(transcript["stage_latencies"]?["required"] as? [String])
        #expect(stages == PipelineStage.allCases.map(\.rawValue))
        let partial = try #require(try schema("partial")["properties"] as? Object)
        #expect(partial["sequence_number"] as? Bool == false)
        let event = try #require(try schema("event")["properties"] as? [String: Object])
        #expect(event["event_type"]?["enum"] as? [String] == EventType.allCases.map(\.rawValue))
        #expect(event["level"]?["enum"] as? [String] == EventLevel.allCases.map(\.rawValue))
    }

    @Test("of the envelope refer only to what they define")
    func envelope() throws {
        let schema = try schema("stream")
        let definitions = try #require(schema["$defs"] as? Object)
        #expect(Set(definitions.keys) == ["transcript", "partial", "event", "status", "error", "heartbeat"])
        let text = try #require(MessageSchema.all.last?.text)
        let references = text.matches(of: /"\$ref":"#\/\$defs\/([a-z]+)"/).map { String($0.1) }
        #expect(Set(references) == Set(definitions.keys) && !text.contains(#""$ref":"/"#))
        #expect((schema["oneOf"] as? [Object])?.count == StreamMessageType.allCases.count)
        let envelope = try #require(schema["required"] as? [String])
        #expect(Set(envelope) == ["message_type", "timestamp", "client_id"])
    }
}
