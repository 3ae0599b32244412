public import NIOCore
import NIOHTTP1
import NIOPosix
public import SpeechModel

/// One HTTP request on a connection of its own.
public enum HTTPClient {
    /// What is asked for.
    public enum Method: String, Sendable { case get = "GET", post = "POST" }

    /// Asks for a URL, without a body, and waits for the whole answer, at most 8 MiB.
    ///
    /// - Parameters:
    ///   - url: the server and path.
    ///   - token: sent as `Authorization: Bearer`.
    ///   - timeout: for the connection, and again for the answer.
    /// - Returns: the answer, whatever its status.
    /// - Throws: ``SpeechError`` with `connection-failed`.
    public static func request(
        _ method: Method, _ url: ServerURL, token: Sensitive<String>? = nil, timeout: TimeAmount = .seconds(10)
    ) async throws(SpeechError) -> HTTPReply {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let replied = loop.makePromise(of: HTTPReply.self)
        do {
            let channel = try await url.connect(on: loop, timeout: timeout) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        Exchange(.request(method, url, token: token), replied: replied))
                }
            }
            let expiry = loop.scheduleTask(in: timeout) { channel.close(promise: nil) }
            defer { expiry.cancel() }
            return try await replied.futureResult.get()
        } catch let error as SpeechError {
            replied.fail(error)
            throw error
        } catch {
            throw SpeechError(
                .connectionFailed, "\(url.authority) broke off its answer.",
                advice: "Check that the URL is that of a Mynah server.",
                underlying: error)
        }
    }

    private final class Exchange: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart

        private let request: HTTPRequestHead
        private let replied: EventLoopPromise<HTTPReply>
        private var reply = HTTPReply()

        init(_ request: HTTPRequestHead, replied: EventLoopPromise<HTTPReply>) {
            self.request = request
            self.replied = replied
        }

        func channelActive(context: ChannelHandlerContext) {
            context.write(wrapOutboundOut(.head(request)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            do {
                guard try reply.receive(unwrapInboundIn(data)) else { return }
                replied.succeed(reply)
                context.close(promise: nil)
            } catch {
                errorCaught(context: context, error: error)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            replied.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { replied.fail(ChannelError.eof) }
    }
}

extension HTTPRequestHead {
    /// A request without a body, with a bearer token if there is one.
    static func request(_ method: HTTPClient.Method, _ url: ServerURL, token: Sensitive<String>?) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method.rawValue), uri: url.target)
        if method == .post { head.headers.add(name: "Content-Length", value: "0") }
        head.headers.add(name: "Host", value: url.authority)
        head.headers.add(name: "User-Agent", value: "mynah")
        if let token { head.headers.add(name: "Authorization", value: "Bearer \(token.exposed)") }
        return head
    }
}
