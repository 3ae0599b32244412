import Logging

extension LogRecord {
    /// The record as one JSON object and a newline. A field that would repeat one of the four fixed names gets a `_` after it.
    var jsonLine: String {
        let fixed: [(key: String, value: Value)] = [
            ("timestamp", .text(time.rfc3339)), ("level", .text(level.rawValue.uppercased())), ("component", .text(component)),
            ("message", .text(message)),
        ]
        let renamed = fields.map { field in
            (key: fixed.contains { $0.key == field.key } ? field.key + "_" : field.key, value: field.value)
        }
        return Value.object(fixed + renamed).json + "\n"
    }
}

extension LogRecord.Value {
    var json: String {
        switch self {
        case .text(let text): jsonString(text)
        case .integer(let value): String(value)
        case .number(let value): "\(value)"
        case .boolean(let value): String(value)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .object(let fields): "{" + fields.map { jsonString($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }
}

/// A JSON string literal in which no control or direction character is left as it is.
private func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case _ where scalar.isUnsafeInLogs:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

extension Unicode.Scalar {
    /// Control characters, line separators and direction overrides (all below U+10000): they could forge a line, move a terminal's
    /// cursor or show text in another order than it has.
    var isUnsafeInLogs: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
