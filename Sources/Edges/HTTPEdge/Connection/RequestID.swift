import Foundation
public import HTTPTypes
import SpeechModel

/// The name under which one request appears in answers and logs.
public enum RequestID {
    /// The header field that carries it.
    public static let header = HTTPField.Name("X-Request-ID")!

    /// The client's own id, if it is 1–128 letters, digits, `.`, `_` or `-` (so that it cannot forge a log line), else a new one.
    public static func of(_ fields: HTTPFields) -> String {
        if let id = fields[header], (1...128).contains(id.utf8.count), id.utf8.allSatisfy(isSafe) { return id }
        var random = SystemRandomNumberGenerator()
        return "req_" + uuidV7(unixMS: UInt64(Date().timeIntervalSince1970 * 1000), using: &random)
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
