public import Foundation
public import NIOCore
import NIOHTTP1
public import SpeechModel

/// A server's answer to an HTTP request.
public struct HTTPReply: Sendable {
    /// Bytes of a body that are kept at most.
    static let maxBodyBytes = 8 << 20

    /// The HTTP status, 100–599; 0 before the head was received.
    public private(set) var status = 0
    /// The body.
    public private(set) var body = ByteBuffer()

    /// The body's bytes.
    public var data: Data { Data(body.readableBytesView) }

    /// Takes the next part.
    ///
    /// - Returns: whether it was the last.
    mutating func receive(_ part: HTTPClientResponsePart) throws(SpeechError) -> Bool {
        switch part {
        case .head(let head): status = Int(head.status.code)
        case .body(let bytes):
            guard body.readableBytes + bytes.readableBytes <= Self.maxBodyBytes else {
                throw SpeechError(
                    .connectionFailed, "The server's answer is larger than \(Self.maxBodyBytes >> 20) MiB.",
                    advice: "Check that the URL is that of a Mynah server.")
            }
            body.writeImmutableBuffer(bytes)
        case .end: return true
        }
        return false
    }

    /// The answer as an error: the server's own (RFC 9457) if it sent one.
    public var error: SpeechError {
        let problem = try? JSONDecoder().decode(Problem.self, from: data)
        let code = problem?.code.flatMap(ErrorCode.init(rawValue:)) ?? .connectionFailed
        guard let detail = problem?.detail else {
            return SpeechError(
                code, "The server answered \(status), which is not what was asked for.",
                advice: "Check that the URL is that of a Mynah server.")
        }
        return SpeechError(code, "The server answered \(status):", advice: detail)
    }

    private struct Problem: Decodable {
        var code: String?
        var detail: String?
    }
}
