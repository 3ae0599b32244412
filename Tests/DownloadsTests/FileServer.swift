import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A web server on a port of its own that serves one file, and can be made to fail.
final class FileServer: Sendable {
    /// What it does.
    struct Behaviour {
        var content: [UInt8]
        var headers: [(String, String)] = [("ETag", "\"one\"")]
        /// Statuses of the next responses that are not the file's.
        var statuses: [HTTPResponseStatus] = []
        /// The next responses end after so many bytes of their body.
        var cuts: [Int] = []
        var knowsRange = true
        /// Whether it looks at `If-Range`.
        var knowsIfRange = true
        var tellsLength = true
    }

    let behaviour: Mutex<Behaviour>
    /// The `Range` header of each request; empty where there was none.
    let ranges = Mutex<[String]>([])
    private let channel: any Channel

    init(_ behaviour: Behaviour) async throws {
        self.behaviour = Mutex(behaviour)
        let owner = Owner()
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(owner))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        owner.server.withLock { $0 = self }
    }

    /// With the address of its file.
    static func serve<Result>(_ behaviour: Behaviour, _ body: (FileServer, String) async throws -> Result) async throws -> Result
    {
        let server = try await FileServer(behaviour)
        defer { server.channel.close(promise: nil) }
        return try await body(server, "http://127.0.0.1:\(server.channel.localAddress?.port ?? 0)/model.tar.bz2")
    }

    private final class Owner: Sendable {
        let server = Mutex<FileServer?>(nil)
    }

    /// One connection.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let owner: Owner
        private var head: HTTPRequestHead?

        init(_ owner: Owner) { self.owner = owner }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head, let server = owner.server.withLock({ $0 }) else { return }
                answer(head, server, context)
            }
        }

        private func answer(_ request: HTTPRequestHead, _ server: FileServer, _ context: ChannelHandlerContext) {
            let range = request.headers.first(name: "Range")
            server.ranges.withLock { $0.append(range ?? "") }
            let (behaviour, status, cut) = server.behaviour.withLock { behaviour in
                let status = behaviour.statuses.isEmpty ? nil : behaviour.statuses.removeFirst()
                let cut = behaviour.cuts.isEmpty || status != nil ? nil : behaviour.cuts.removeFirst()
                return (behaviour, status, cut)
            }
            var response = HTTPResponseHead(version: .http1_1, status: status ?? .ok)
            for (name, value) in behaviour.headers { response.headers.add(name: name, value: value) }
            var body = behaviour.content[...]
            if status != nil { body = Array("<html>no</html>".utf8)[...] }
            let validators = behaviour.headers.filter { ["ETag", "Last-Modified"].contains($0.0) }.map(\.1)
            let isSame = !behaviour.knowsIfRange || validators.contains(request.headers.first(name: "If-Range") ?? "")
            if status == nil, behaviour.knowsRange, isSame, let start = range.flatMap({ Int($0.dropFirst(6).dropLast()) }) {
                let size = behaviour.content.count
                if start < size {
                    response.status = .partialContent
                    response.headers.add(name: "Content-Range", value: "bytes \(start)-\(size - 1)/\(size)")
                    body = behaviour.content[start...]
                } else {
                    response.status = .rangeNotSatisfiable
                    response.headers.add(name: "Content-Range", value: "bytes */\(size)")
                    body = []
                }
            }
            if behaviour.tellsLength { response.headers.add(name: "Content-Length", value: "\(body.count)") }
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body.prefix(cut ?? .max))))), promise: nil)
            if cut == nil {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            } else {
                let channel = context.channel
                context.flush()
                // What is on its way when a connection ends may be lost; this much should not be.
                channel.eventLoop.scheduleTask(in: .milliseconds(100)) { channel.close(promise: nil) }
            }
        }
    }
}
