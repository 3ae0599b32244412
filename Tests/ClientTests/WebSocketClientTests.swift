import Glibc
import HTTPEdge
import MynahClient
import NIOCore
import NIOPosix
import SpeechModel
import Testing

@Suite("The WebSocket client", .timeLimit(.minutes(1)))
struct WebSocketClientTests {
    private func url(_ path: String, _ server: ScriptedServer) throws -> ServerURL {
        try ServerURL("ws://127.0.0.1:\(server.port)\(path)")
    }

    private static let echo: ScriptedServer.Script = { received, connection in
        switch received {
        case "opened": connection.send(text: "welcome")
        case "close": connection.close(code: 4001, reason: "enough")
        case "many": for number in 0..<1000 { connection.send(text: "\(number)") }
        default: connection.send(text: received)
        }
    }

    @Test func messagesGoBothWays() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let client = try await WebSocketClient.connect(to: url("/stream", server))
            #expect(await client.receive() == .text("welcome"))
            try await client.send(text: "hällo")
            #expect(await client.receive() == .text("hällo"))
            try await client.send(binary: ByteBuffer(repeating: 1, count: 100_000))
            #expect(await client.receive() == .text("100000 bytes"))
            await client.close()
            #expect(await client.receive() == .closed(code: 1000, reason: ""))
            #expect(await client.receive() == nil)
            let error = await #expect(throws: SpeechError.self) { try await client.send(text: "late") }
            #expect(error?.code == .connectionFailed)
        }
    }

    @Test func theServersCloseIsTold() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let client = try await WebSocketClient.connect(to: url("/stream", server))
            try await client.send(text: "close")
            #expect(await client.receive() == .text("welcome"))
            #expect(await client.receive() == .closed(code: 4001, reason: "enough"))
            #expect(await client.receive() == nil)
        }
    }

    @Test func aReceiverThatComesLateMissesNothing() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let client = try await WebSocketClient.connect(to: url("/stream", server))
            try await client.send(text: "many")
            try await client.send(text: "last")
            #expect(await client.receive() == .text("welcome"))
            for number in 0..<1000 { #expect(await client.receive() == .text("\(number)")) }
            #expect(await client.receive() == .text("last"))
        }
    }

    @Test func aCancelledReceiverReturns() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let client = try await WebSocketClient.connect(to: url("/stream", server))
            #expect(await client.receive() == .text("welcome"))
            let task = Task { await client.receive() }
            task.cancel()
            #expect(await task.value == nil)
            try await client.send(text: "still here")
            #expect(await client.receive() == .text("still here"))
        }
    }

    @Test func aTokenIsSentAndARefusalSaysWhatTheServerSays() async throws {
        try await ScriptedServer.run([Self.echo], token: "s3cret") { server in
            let url = try url("/stream", server)
            let client = try await WebSocketClient.connect(to: url, token: Sensitive("s3cret"))
            #expect(await client.receive() == .text("welcome"))
            let error = await #expect(throws: SpeechError.self) { try await WebSocketClient.connect(to: url) }
            #expect(error?.code == .unauthorised)
            #expect(error?.description.contains("401: The bearer token is missing or wrong.") == true)
        }
    }

    @Test func anAnswerThatIsNoProblemIsToldByItsStatus() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let error = await #expect(throws: SpeechError.self) { try await WebSocketClient.connect(to: url("/health", server)) }
            #expect(error?.code == .connectionFailed)
            #expect(error?.message.contains("answered 200") == true)
        }
    }

    /// A TCP listener that answers any request with `answer`, or closes.
    private func listener(_ answer: String?) async throws -> any Channel {
        try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Answerer(answer)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: String?
        init(_ answer: String?) { self.answer = answer }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let answer {
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            } else {
                context.close(promise: nil)
            }
        }
    }

    @Test(arguments: [
        (nil, "closed the connection"), ("SSH-2.0-OpenSSH\r\n\r\n", "broken"),
        ("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n", "broken"),
    ])
    func whatIsNoWebSocketServerIsToldApart(_ answer: String?, _ expected: String) async throws {
        let listener = try await listener(answer)
        let port = try #require(listener.localAddress?.port)
        let error = await #expect(throws: SpeechError.self) {
            try await WebSocketClient.connect(to: ServerURL("ws://127.0.0.1:\(port)/"))
        }
        #expect(error?.code == .connectionFailed)
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
        if answer?.hasPrefix("HTTP") == true { return try await listener.close() }
        let http = await #expect(throws: SpeechError.self) {
            try await HTTPClient.request(.get, ServerURL("http://127.0.0.1:\(port)/"))
        }
        #expect(http?.code == .connectionFailed)
        try await listener.close()
    }

    @Test func nothingThatListensIsSaidSo() async throws {
        // Bound but not listening: nobody else gets the port meanwhile.
        let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) + getsockname(socket, $0, &length) }
        }
        try #require(bound == 0)
        let port = UInt16(bigEndian: address.sin_port)
        let error = await #expect(throws: SpeechError.self) {
            try await WebSocketClient.connect(to: ServerURL("ws://127.0.0.1:\(port)/"))
        }
        #expect(
            error?.description
                == "Nothing listens at 127.0.0.1:\(port). Start the server with `mynah serve`, or check host and port.")
    }

    @Test func anAddressThatCannotBeReachedIsSaidSo() async throws {
        let error = await #expect(throws: SpeechError.self) {
            try await WebSocketClient.connect(to: ServerURL("ws://255.255.255.255:1/"))
        }
        #expect(error?.message == "255.255.255.255:1 cannot be reached.")
    }

    @Test func aNameThatDoesNotExistIsSaidSo() async throws {
        let error = await #expect(throws: SpeechError.self) {
            try await WebSocketClient.connect(to: ServerURL("ws://nowhere.invalid/"))
        }
        #expect(error?.message == "The name “nowhere.invalid” cannot be resolved.")
    }

    @Test func aServerThatDoesNotAnswerIsGivenUp() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let error = await #expect(throws: SpeechError.self) {
                try await WebSocketClient.connect(to: url("/silent", server), timeout: .milliseconds(50))
            }
            #expect(error?.code == .connectionFailed)
            let http = await #expect(throws: SpeechError.self) {
                try await HTTPClient.request(.get, url("/silent", server), timeout: .milliseconds(50))
            }
            #expect(http?.code == .connectionFailed)
        }
    }

    @Test func httpAnswersAreReadWhole() async throws {
        try await ScriptedServer.run([Self.echo]) { server in
            let reply = try await HTTPClient.request(.get, url("/health", server))
            #expect(reply.status == 200)
            #expect(String(buffer: reply.body) == "healthy")
            #expect(try await HTTPClient.request(.get, url("/nothing", server)).status == 404)
            let error = await #expect(throws: SpeechError.self) { try await HTTPClient.request(.get, url("/large", server)) }
            #expect(error?.message == "The server's answer is larger than 8 MiB.")
        }
    }
}
