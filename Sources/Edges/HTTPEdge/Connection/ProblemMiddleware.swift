import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import SpeechModel

/// Gives every request an id and every error the form of a ``Problem``. Goes outermost.
///
/// The handlers behind it find the id, echoed or made, in the request's `X-Request-ID`.
public struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Makes the middleware.
    public init() {}

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var head = request.head
        head.headerFields[RequestID.header] = RequestID.of(head.headerFields)
        let request = Request(head: head, body: request.body)
        do {
            var response = try await next(request, context)
            response.headers[RequestID.header] = request.headers[RequestID.header]
            return response
        } catch {
            return Self.response(to: request, with: error, context)
        }
    }

    private static func response(to request: Request, with error: any Error, _ context: Context) -> Response {
        let fault = (error as? SpeechError) ?? SpeechError(error)
        var problem = Problem(fault, request: request.head)
        if let error = error as? any HTTPResponseError {
            problem.status = error.status
            if let error = error as? HTTPError { problem.headers[.allow] = error.headers[.allow] }
        }
        if problem.status.kind == .serverError {
            context.logger.error(
                "request failed",
                metadata: [
                    "code": "\(fault.code.rawValue)", "at": "\(fault.location)", "request_id": "\(problem.requestID)",
                    "error": "\(fault.underlying.map { "\($0)" } ?? fault.message)",
                ])
        }
        return Response(
            status: problem.status, headers: problem.headers, body: ResponseBody(byteBuffer: ByteBuffer(string: problem.json)))
    }
}

extension SpeechError {
    /// Names an error that Hummingbird or a defect threw.
    fileprivate init(_ error: any Error) {
        guard let error = error as? any HTTPResponseError, error.status.kind == .clientError else {
            self.init(
                .internalError, "The server failed on this request.", advice: "Look for the request id in the server's log.",
                underlying: error)
            return
        }
        let message = (error as? HTTPError)?.body
        switch error.status {
        case .notFound: self.init(.notFound, "Nothing is served at this path.", advice: "See /docs for what is.")
        case .methodNotAllowed:
            self.init(.methodNotAllowed, "This path does not take this method.", advice: "See /docs for the method.")
        case .contentTooLarge: self.init(.tooLarge, message ?? "The body is too large.", advice: "See /docs for the limit.")
        default:
            self.init(.invalidParameter, message ?? "The request is not valid.", advice: "See /docs for what is expected.")
        }
    }
}
