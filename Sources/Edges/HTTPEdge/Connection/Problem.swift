public import HTTPTypes
public import SpeechModel
import WireProtocol

/// An error as an HTTP answer: RFC 9457 `application/problem+json` with our `code` and `request_id`.
public struct Problem: Sendable {
    /// The error.
    public let error: SpeechError
    /// The request's id.
    public let requestID: String
    /// The status, at first the one of the error's code.
    public var status: HTTPResponse.Status
    /// The fields of the answer; the content length is the responder's.
    public var headers: HTTPFields

    /// Describes an error as the answer to `request`.
    public init(_ error: SpeechError, request: HTTPRequest) {
        self.error = error
        requestID = RequestID.of(request.headerFields)
        status = HTTPResponse.Status(code: error.code.httpStatus)
        headers = [.contentType: "application/problem+json", RequestID.header: requestID]
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"mynah\"" }
        if status == .serviceUnavailable { headers[.retryAfter] = "5" }
    }

    /// The body. `type` points to the code in the served reference.
    public var json: String {
        var json = JSONText()
        json.object {
            $0.field("type", "/docs/errors#\(error.code.rawValue)")
            $0.field("title", error.code.meaning)
            $0.field("status", status.code)
            $0.field("code", error.code.rawValue)
            $0.field("detail", error.description)
            $0.field("request_id", requestID)
        }
        return json.text
    }
}
