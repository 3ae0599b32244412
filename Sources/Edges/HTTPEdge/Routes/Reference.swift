import Foundation
import SpeechModel
import Web
import WireProtocol

/// The description of the interface that the server itself serves: `Web/reference/openapi.json`, completed from the catalogue of
/// errors.
enum Reference {
    /// OpenAPI 3.1.
    ///
    /// - Parameter version: the program's version.
    static func openAPI(version: String) -> String? {
        guard let file = Web.file("openapi.json", in: .reference) else { return nil }
        let codes = ErrorCode.allCases.map { "\"\($0.rawValue)\"" }
        let table = ErrorCode.allCases.map { code in
            var json = JSONText()
            json.object {
                $0.field("code", code.rawValue)
                $0.field("status", code.httpStatus)
                $0.field("retryable", code.isRetryable)
                $0.field("meaning", code.meaning)
            }
            return json.text
        }
        return String(decoding: file, as: UTF8.self)
            .replacing("{{version}}", with: version)
            .replacing("\"{{error_codes}}\"", with: codes.joined(separator: ","))
            .replacing("\"{{error_table}}\"", with: table.joined(separator: ","))
    }
}
