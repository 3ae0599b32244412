import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A provider on a port of its own, which answers as the test says.
final class StandInProvider: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: [UInt8]
    }

    enum Answer: Sendable {
        case reply(Int, [String: String] = [:], String)
        /// The head and these pieces; the end only if so.
        case pieces([[UInt8]], ends: Bool)
        /// Takes the request and says nothing.
        case silence
        /// Closes the connection in the middle of the answer.
        case cut
    }

    private struct Log {
        var requests: [Request] = []
        var closed = 0
    }

    private let log: Shared
    private let channel: any Channel

    /// - Parameter answer: gets each request with its number: 0, 1 …
    init(_ answer: @escaping @Sendable (Request, Int) -> Answer) async throws {
        let log = Shared()
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var baseURL: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    var requests: [Request] { log.value.withLock { $0.requests } }
    /// Connections that ended.
    var closed: Int { log.value.withLock { $0.closed } }

    func stop() async throws { try await channel.close() }

    private final class Shared: Sendable { let value = Mutex(Log()) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: Shared
        private let answer: @Sendable (Request, Int) -> Answer
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(log: Shared, answer: @escaping @Sendable (Request, Int) -> Answer) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let buffer): body += buffer.readableBytesView
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue, path: head.uri,
                    headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 }, body: body)
                let number = log.value.withLock { log in
                    log.requests.append(request)
                    return log.requests.count - 1
                }
                send(answer(request, number), context)
            }
        }

        func channelInactive(context: ChannelHandlerContext) { log.value.withLock { $0.closed += 1 } }

        private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
            func head(_ status: Int, _ headers: [String: String]) {
                let head = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers.map { ($0.key, $0.value) })
                )
                context.write(wrapOutboundOut(.head(head)), promise: nil)
            }
            func piece(_ bytes: [UInt8]) {
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            }
            func end() { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
            switch answer {
            case .silence: break
            case .reply(let status, let headers, let text):
                head(status, headers.merging(["content-length": "\(text.utf8.count)"]) { $1 })
                piece(Array(text.utf8))
                end()
            case .pieces(let pieces, let ends):
                head(200, ["content-type": "audio/pcm"])
                pieces.forEach(piece)
                if ends { end() }
            case .cut:
                head(200, ["content-length": "100"])
                piece([0x7B])
                context.close(promise: nil)
            }
        }
    }
}
