import HTTPEdge
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SpeechModel

/// A real server on a free port of 127.0.0.1, for the time of one test.
struct WebSocketTestServer {
    let port: Int
    private let group: ServiceGroup

    /// Stops the server as SIGTERM does; ``run(_:limits:access:metrics:_:)`` returns when it has stopped.
    func stop() async { await group.triggerGracefulShutdown() }

    /// Runs a server, then `body`, then stops it.
    static func run(
        _ endpoint: any WebSocketEndpoint, limits: WebSocketLimits = WebSocketLimits(), access: AccessGuard? = nil,
        metrics: WebSocketMetrics = WebSocketMetrics(), log: any LogHandler = SwiftLogNoOpLogHandler(),
        _ body: @Sendable (WebSocketTestServer) async throws -> Void
    ) async throws {
        let access = try access ?? AccessGuard(listenAddress: "127.0.0.1")
        let router = Router()
        router.add(middleware: ProblemMiddleware())
        router.add(middleware: AccessMiddleware(access))
        router.get("/health") { _, _ in "healthy" }
        router.get("/broken") { _, _ -> String in throw Broken() }
        router.get("/unready") { _, _ -> String in throw SpeechError(.notReady, "Warming up.", advice: "Wait.") }
        router.post("/picky") { request, context -> String in
            _ = try await request.body.collect(upTo: 4)
            throw HTTPError(.badRequest, message: "No.")
        }
        router.post("/nopost") { _, _ -> String in throw HTTPError(.methodNotAllowed) }
        router.get("/id") { request, _ in request.headers[RequestID.header] ?? "" }

        let (started, hasStarted) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test") { _ in log }
        let application = Application(
            router: router,
            server: .httpAndWebSockets(WebSocketSettings(endpoint: endpoint, access: access, limits: limits, metrics: metrics)),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { hasStarted.yield($0.localAddress?.port ?? 0) }, eventLoopGroupProvider: .singleton, logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: application)], gracefulShutdownSignals: [], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = started.makeAsyncIterator()
            let server = WebSocketTestServer(port: await ports.next() ?? 0, group: group)
            try await body(server)
            await server.stop()
            try await tasks.waitForAll()
        }
    }

    private struct Broken: Error {}
}

/// Says what it hears, and does what it is told.
final class EchoHandler: WebSocketHandler {
    func opened(_ connection: WebSocketConnection) {}

    func received(text: String, on connection: WebSocketConnection) {
        switch text {
        case "close": connection.close(code: 4000, reason: "as you wish")
        case "pause":
            connection.pauseReading()
            connection.send(text: "paused")
            connection.eventLoop.execute {
                connection.send(text: "resumed")
                connection.resumeReading()
            }
        case "flood":
            // A reader that does not read: first droppable messages are dropped, then the connection is given up.
            let text = String(repeating: "x", count: 10_000)
            while connection.send(text: text, droppable: true) {}
            while connection.send(text: text) {}
        default: connection.send(text: text)
        }
    }

    func received(binary: ByteBuffer, on connection: WebSocketConnection) {
        connection.send(text: "\(binary.readableBytes) bytes: \(String(buffer: binary).prefix(20))")
    }

    func closed(code: Int) {}
}

/// `/echo` is upgraded, `/refused` is not, `/stream` closes with a last word when the server stops, the rest is HTTP.
struct EchoEndpoint: WebSocketEndpoint {
    func decide(_ request: UpgradeRequest) -> UpgradeDecision? {
        switch request.path {
        case "/echo": .accept(EchoHandler())
        case "/query": .accept(SayingHandler(request.query["q"] ?? "nothing"))
        case "/refused": .refuse(SpeechError(.notReady, "The recogniser is loading.", advice: "Try again in a moment."))
        case "/stream": .accept(SayingHandler("hello", lastWord: "goodbye"))
        default: nil
        }
    }
}

/// Says one thing at the beginning and one at the end.
final class SayingHandler: WebSocketHandler {
    private let first: String
    private let lastWord: String?

    init(_ first: String, lastWord: String? = nil) {
        self.first = first
        self.lastWord = lastWord
    }

    func opened(_ connection: WebSocketConnection) { connection.send(text: first) }
    func received(text: String, on connection: WebSocketConnection) {}
    func received(binary: ByteBuffer, on connection: WebSocketConnection) {}
    func drain(_ connection: WebSocketConnection) {
        if let lastWord {
            connection.send(text: lastWord)
            connection.close(code: 1000)
        }  // else it never finishes
    }
    func closed(code: Int) {}
}

/// A TCP connection that may say anything, to misbehave as no WebSocket library does.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let received: Received

    /// The bytes that came and were not looked at.
    private actor Received {
        private var stream: AsyncStream<ByteBuffer>.Iterator
        private var bytes = ByteBuffer()

        init(_ stream: AsyncStream<ByteBuffer>) { self.stream = stream.makeAsyncIterator() }

        /// Takes the first bytes that `take` recognises; `nil` at the end of the stream.
        func next<Value: Sendable>(_ take: @Sendable (inout ByteBuffer) -> Value?) async -> Value? {
            while true {
                if let value = take(&bytes) { return value }
                var stream = stream
                guard let more = await stream.next(isolation: self) else { return nil }
                self.stream = stream
                bytes.writeImmutableBuffer(more)
            }
        }
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let output: AsyncStream<ByteBuffer>.Continuation
        init(_ output: AsyncStream<ByteBuffer>.Continuation) { self.output = output }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { output.yield(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { output.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    init(port: Int) async throws {
        let (stream, output) = AsyncStream.makeStream(of: ByteBuffer.self)
        channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Collector(output)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        received = Received(stream)
    }

    deinit { channel.close(promise: nil) }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get() }
    func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    func close() async throws { try await channel.close().get() }
    func setReading(_ reading: Bool) async throws { try await channel.setOption(.autoRead, value: reading).get() }

    /// The head of the next HTTP response and its body, if it has a length.
    func response() async -> String? {
        await received.next { bytes in
            let text = String(buffer: bytes)
            guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
            let head = text[..<end.upperBound]
            var length = head.utf8.count
            if let field = head.lowercased().split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }) {
                length += Int(field.dropFirst(15).trimming(while: { $0 == " " })) ?? 0
            }
            return bytes.readString(length: length)
        }
    }

    /// The next frame from the server.
    func frame() async -> (opcode: UInt8, payload: [UInt8])? {
        await received.next { bytes in
            var copy = bytes
            guard let first = copy.readInteger(as: UInt8.self), let second = copy.readInteger(as: UInt8.self) else { return nil }
            var length = Int(second)
            if second == 126 {
                guard let long = copy.readInteger(as: UInt16.self) else { return nil }
                length = Int(long)
            } else if second == 127 {
                guard let long = copy.readInteger(as: UInt64.self) else { return nil }
                length = Int(long)
            }
            guard let payload = copy.readBytes(length: length) else { return nil }
            bytes = copy
            return (first, payload)
        }
    }

    /// The next frame as text: `text`, or the close code and reason like `1002 reason`; `nil` at the end of the connection.
    func heard() async -> String? {
        guard let (opcode, payload) = await frame() else { return nil }
        guard opcode == 0x88 else { return String(decoding: payload, as: UTF8.self) }
        if payload.isEmpty { return "1005" }
        return "\(Int(payload[0]) << 8 | Int(payload[1])) \(String(decoding: payload.dropFirst(2), as: UTF8.self))"
    }

    /// A client's frame, well-formed unless told otherwise.
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], fin: Bool = true, masked: Bool = true, reserved: UInt8 = 0,
        claiming: UInt64? = nil
    ) -> [UInt8] {
        var bytes = [(fin ? 0x80 : 0) | reserved | opcode]
        let length = claiming ?? UInt64(payload.count)
        let mask: UInt8 = masked ? 0x80 : 0
        if length < 126 {
            bytes.append(mask | UInt8(length))
        } else if length < 65_536 {
            bytes += [mask | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
        } else {
            bytes.append(mask | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) }
        }
        let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        if masked { bytes += key }
        bytes += masked ? payload.enumerated().map { $1 ^ key[$0 % 4] } : payload
        return bytes
    }

    static func text(_ text: String) -> [UInt8] { frame(1, Array(text.utf8)) }

    /// An upgrade request.
    static func upgrade(_ target: String, version: String = "13", key: String = "dGhlIHNhbXBsZSBub25jZQ==", _ fields: String...)
        -> String
    {
        let more = fields.map { $0 + "\r\n" }.joined()
        return "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
            + "Sec-WebSocket-Version: \(version)\r\nSec-WebSocket-Key: \(key)\r\n\(more)\r\n"
    }

    static func get(_ target: String, _ fields: String...) -> String {
        "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n"
    }

    /// Opens a WebSocket and reads the 101.
    static func open(_ target: String = "/echo", port: Int) async throws -> RawConnection {
        let connection = try await RawConnection(port: port)
        try await connection.send(upgrade(target))
        _ = await connection.response()
        return connection
    }
}

extension StringProtocol {
    fileprivate func trimming(while predicate: (Character) -> Bool) -> SubSequence { drop(while: predicate) }
}
