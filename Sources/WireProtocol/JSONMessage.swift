import Foundation
import SpeechModel

/// Decoding of a client's or server's JSON message, with bounds and with errors that say what is wrong.
enum JSONMessage {
    /// Objects and arrays inside each other; a message of ours needs 4.
    static let maxDepth = 8

    /// Decodes one message. Unknown fields are ignored.
    ///
    /// - Throws: ``SpeechError`` with `malformed-message`, naming the field. The text itself is never repeated, it may be speech.
    static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws(SpeechError) -> Value {
        guard !isTooDeep(text) else {
            throw malformed("The message is nested deeper than \(maxDepth) levels.", advice: "Send a flat object.")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch let error as SpeechError {
            throw error
        } catch {
            throw malformed(describe(error), advice: "Compare it with /docs.")
        }
    }

    /// A `malformed-message` error.
    static func malformed(_ message: String, advice: String) -> SpeechError {
        SpeechError(.malformedMessage, message, advice: advice)
    }

    private static func isTooDeep(_ text: String) -> Bool {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in text.utf8 {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > maxDepth { return true }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return false
    }

    private static func describe(_ error: any Error) -> String {
        func name(_ path: [any CodingKey]) -> String {
            path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            return "The message lacks the field `\(name(context.codingPath + [key]))`."
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            if context.codingPath.isEmpty { return "The message is not a JSON object." }
            return "The field `\(name(context.codingPath))` has the wrong type."
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "The field `\(name(context.codingPath))` cannot be read: its value is out of range or broken."
        default: return "The message is not valid JSON."
        }
    }
}

extension KeyedDecodingContainer {
    /// A whole number, if the field is there. (Foundation reports 1.5 for an `Int` as “not valid JSON”.)
    func wholeNumberIfPresent(_ key: Key) throws -> Int? {
        guard let value = try decodeIfPresent(Double.self, forKey: key) else { return nil }
        guard let number = Int(exactly: value) else {
            throw JSONMessage.malformed("The field `\(key.stringValue)` is not a whole number.", advice: "Compare it with /docs.")
        }
        return number
    }

    /// A whole number that must be there.
    func wholeNumber(_ key: Key) throws -> Int {
        guard let number = try wholeNumberIfPresent(key) else {
            throw JSONMessage.malformed("The message lacks the field `\(key.stringValue)`.", advice: "Compare it with /docs.")
        }
        return number
    }
}
