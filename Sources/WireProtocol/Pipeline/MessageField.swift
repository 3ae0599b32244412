/// One field of a message: its place in the schema and how it is written. Both come from one line, so that they cannot differ.
///
/// Numbers are clamped to the range that the schema promises, and what is no number becomes the lower bound.
struct MessageField<Message>: Sendable {
    var description: FieldDescription
    /// Writes the key and the value, or nothing when an optional field has none.
    var write: @Sendable (inout JSONText, Message) -> Void

    private init(
        _ name: String, _ about: String, _ type: FieldType, isRequired: Bool = true,
        _ write: @escaping @Sendable (inout JSONText, Message) -> Void
    ) {
        description = FieldDescription(name: name, about: about, type: type, isRequired: isRequired)
        self.write = write
    }

    private static func required(
        _ name: String, _ about: String, _ type: FieldType, _ value: @escaping @Sendable (inout JSONText, Message) -> Void
    ) -> MessageField {
        MessageField(name, about, type) { json, message in
            json.key(name)
            value(&json, message)
        }
    }

    /// A field that `write` writes with its key, or leaves out.
    static func optional(
        _ name: String, _ about: String, _ type: FieldType, _ write: @escaping @Sendable (inout JSONText, Message) -> Void
    ) -> MessageField {
        MessageField(name, about, type, isRequired: false, write)
    }

    static func text(
        _ name: String, _ about: String, pattern: String? = nil, _ value: @escaping @Sendable (Message) -> String
    ) -> MessageField {
        required(name, about, .text(pattern: pattern)) { $0.string(value($1)) }
    }

    static func optionalText(_ name: String, _ about: String, _ value: @escaping @Sendable (Message) -> String?) -> MessageField {
        optional(name, about, .text(pattern: nil)) { json, message in
            guard let text = value(message) else { return }
            json.key(name)
            json.string(text)
        }
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ about: String, _ value: @escaping @Sendable (Message) -> Choice
    ) -> MessageField {
        required(name, about, .choice(Choice.allCases.map(\.rawValue))) { $0.string(value($1).rawValue) }
    }

    static func boolean(_ name: String, _ about: String, _ value: @escaping @Sendable (Message) -> Bool) -> MessageField {
        required(name, about, .boolean) { $0.boolean(value($1)) }
    }

    static func integer(
        _ name: String, _ about: String, from minimum: Int = 0, _ value: @escaping @Sendable (Message) -> Int
    ) -> MessageField {
        required(name, about, .integer(from: minimum)) { $0.integer(max(minimum, value($1))) }
    }

    /// Three decimals.
    static func number(
        _ name: String, _ about: String, in range: ClosedRange<Double> = 0...FieldType.largest,
        _ value: @escaping @Sendable (Message) -> Double
    ) -> MessageField {
        required(name, about, .number(range)) { $0.number(clamp(value($1), range), decimals: 3) }
    }

    /// Seconds with microseconds.
    static func seconds(_ name: String, _ about: String, _ value: @escaping @Sendable (Message) -> Double) -> MessageField {
        required(name, about, .number(0...FieldType.largest)) {
            $0.number(clamp(value($1), 0...FieldType.largest), decimals: 6)
        }
    }

    static func optionalSeconds(
        _ name: String, _ about: String, _ value: @escaping @Sendable (Message) -> Double?
    ) -> MessageField {
        required(name, about, .nullable(.number(0...FieldType.largest))) { json, message in
            guard let seconds = value(message) else { return json.null() }
            json.number(clamp(seconds, 0...FieldType.largest), decimals: 6)
        }
    }

    static func object<Part>(
        _ name: String, _ about: String, _ fields: [MessageField<Part>], _ value: @escaping @Sendable (Message) -> Part
    ) -> MessageField {
        required(name, about, .object(fields.map(\.description))) { $0.object(fields, of: value($1)) }
    }

    static func list<Part>(
        _ name: String, _ about: String, of fields: [MessageField<Part>], _ value: @escaping @Sendable (Message) -> [Part]
    ) -> MessageField {
        required(name, about, .list(.object(fields.map(\.description)))) { json, message in
            json.array(value(message)) { $0.object(fields, of: $1) }
        }
    }

    static func map<Value>(
        _ name: String, _ about: String, of type: FieldType, _ entries: @escaping @Sendable (Message) -> [String: Value],
        _ write: @escaping @Sendable (inout JSONText, Value) -> Void
    ) -> MessageField {
        required(name, about, .map(type)) { json, message in
            json.object { json in
                // Sorted, so that the same message is the same text.
                for (key, value) in entries(message).sorted(by: { $0.key < $1.key }) {
                    json.key(key)
                    write(&json, value)
                }
            }
        }
    }

    private static func clamp(_ value: Double, _ range: ClosedRange<Double>) -> Double {
        value.isNaN ? range.lowerBound : min(max(value, range.lowerBound), range.upperBound)
    }
}

extension JSONText {
    /// Writes a message by its table.
    mutating func object<Message>(_ fields: [MessageField<Message>], of message: Message) {
        object { json in
            for field in fields { field.write(&json, message) }
        }
    }
}
