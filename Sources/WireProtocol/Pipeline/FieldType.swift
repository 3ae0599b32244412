/// What values a field of a message takes, in the words of JSON Schema.
indirect enum FieldType: Sendable {
    case text(pattern: String?)
    case choice([String])
    case integer(from: Int)
    case number(ClosedRange<Double>)
    case boolean
    /// A string, number or boolean.
    case scalar
    case list(FieldType)
    /// Any keys, with values of one type.
    case map(FieldType)
    case object([FieldDescription])
    /// The type or `null`.
    case nullable(FieldType)
    /// A definition of the same schema.
    case definition([String])
    /// The field must not be there.
    case absent

    /// Numbers of messages stay below this, which is no limit to a reader.
    static let largest = 1e12

    /// Writes the schema of the type.
    func write(to json: inout JSONText, about: String? = nil) {
        if case .absent = self { return json.boolean(false) }
        json.object { json in
            if let about {
                json.key("description")
                json.string(about)
            }
            writeKeywords(to: &json)
        }
    }

    /// Writes the keywords alone, inside an object that has begun.
    func writeKeywords(to json: inout JSONText) {
        switch self {
        case .text(let pattern):
            Self.type("string", &json)
            if let pattern {
                json.key("pattern")
                json.string(pattern)
            }
        case .choice(let values):
            Self.type("string", &json)
            json.key("enum")
            json.array(values) { $0.string($1) }
        case .integer(let minimum):
            Self.type("integer", &json)
            json.key("minimum")
            json.integer(minimum)
        case .number(let range):
            Self.type("number", &json)
            json.key("minimum")
            json.number(range.lowerBound, decimals: 3)
            if range.upperBound < Self.largest {
                json.key("maximum")
                json.number(range.upperBound, decimals: 3)
            }
        case .boolean: Self.type("boolean", &json)
        case .scalar:
            json.key("type")
            json.array(["string", "number", "boolean"]) { $0.string($1) }
        case .list(let element):
            Self.type("array", &json)
            json.key("items")
            element.write(to: &json)
        case .map(let value):
            Self.type("object", &json)
            json.key("additionalProperties")
            value.write(to: &json)
        case .object(let fields): Self.object(fields, &json)
        case .nullable(let type):
            json.key("anyOf")
            json.array([type, nil]) { json, type in
                if let type { type.write(to: &json) } else { json.object { Self.type("null", &$0) } }
            }
        case .definition(let names):
            json.key("anyOf")
            json.array(names) { json, name in
                json.object {
                    $0.key("$ref")
                    $0.string("#/$defs/\(name)")
                }
            }
        case .absent: break
        }
    }

    /// Fields that are not named are allowed: newer versions may add some.
    private static func object(_ fields: [FieldDescription], _ json: inout JSONText) {
        type("object", &json)
        json.key("properties")
        json.object { json in
            for field in fields {
                json.key(field.name)
                field.type.write(to: &json, about: field.about)
            }
        }
        json.key("required")
        json.array(fields.filter(\.isRequired)) { $0.string($1.name) }
    }

    private static func type(_ name: String, _ json: inout JSONText) {
        json.key("type")
        json.string(name)
    }
}

/// A field of a message, as its schema has it.
struct FieldDescription: Sendable {
    var name: String
    var about: String
    var type: FieldType
    var isRequired = true
}
