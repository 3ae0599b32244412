import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import MynahClient

@Suite("The client's side of a WebSocket in time", .timeLimit(.minutes(1)))
struct WebSocketFramesTests {
    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = Any
        var reads = 0
        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }
    }

    private struct Fixture {
        let channel = EmbeddedChannel()
        let counter = ReadCounter()
        let mailbox = Mailbox<WebSocketMessage>(capacity: 4)
        let frames: WebSocketFrames

        init() throws {
            frames = WebSocketFrames(mailbox: mailbox, pingInterval: .seconds(1))
            try channel.pipeline.syncOperations.addHandlers([counter, frames])
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func receive(_ opcode: WebSocketOpcode, _ bytes: [UInt8] = []) throws {
            try channel.writeInbound(WebSocketFrame(fin: true, opcode: opcode, data: ByteBuffer(bytes: bytes)))
        }

        func sent() throws -> WebSocketFrame? { try channel.readOutbound(as: WebSocketFrame.self) }
    }

    @Test func aQuietServerIsPingedUntilTheEnd() throws {
        let fixture = try Fixture()
        fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(try fixture.sent()?.opcode == .ping)
        #expect(try fixture.sent()?.opcode == .ping)
        #expect(try fixture.sent() == nil)
        try fixture.receive(.connectionClose)
        #expect(try fixture.sent()?.opcode == .connectionClose)
        fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(try fixture.sent() == nil)
    }

    @Test func aFullMailboxStopsReadingUntilItIsEmptied() throws {
        let fixture = try Fixture()
        for _ in 1...4 { try fixture.receive(.text) }
        let reads = fixture.counter.reads
        fixture.channel.read()
        fixture.channel.read()
        #expect(fixture.counter.reads == reads)
        fixture.frames.resumeReading()
        #expect(fixture.counter.reads == reads + 1)
        fixture.frames.resumeReading()
        fixture.channel.read()
        #expect(fixture.counter.reads == reads + 2)
    }

    @Test func whatIsSentIsMasked() throws {
        let fixture = try Fixture()
        fixture.frames.send(.text, ByteBuffer(string: "hi"), promise: nil)
        let frame = try #require(try fixture.sent())
        #expect(frame.maskKey != nil)
        #expect(String(buffer: frame.data) == "hi")
        try fixture.receive(.ping, [1, 2])
        let pong = try #require(try fixture.sent())
        #expect(pong.opcode == .pong && pong.maskKey != nil && pong.data == ByteBuffer(bytes: [1, 2]))
        try fixture.receive(.pong)
        #expect(try fixture.sent() == nil)
    }

    @Test func aServerThatDoesNotAnswerACloseIsCutOff() async throws {
        let mailbox = try cutOff { fixture in
            fixture.frames.close(code: 1000)
            fixture.frames.close(code: 1000)
            #expect(try fixture.sent()?.opcode == .connectionClose)
            #expect(try fixture.sent() == nil)
            try fixture.receive(.text)
        }
        #expect(await mailbox.receive {} == .closed(code: 1006, reason: ""))
    }

    @Test func aServerThatClosesAndKeepsTheSocketOpenIsCutOff() async throws {
        let mailbox = try cutOff { fixture in
            try fixture.receive(.connectionClose)
            #expect(try fixture.sent()?.data.readableBytes == 0)
            try fixture.receive(.text)
        }
        #expect(await mailbox.receive {} == .closed(code: 1005, reason: ""))
    }

    /// Lets five seconds pass after `begin`; the socket must be closed then and not before.
    private func cutOff(_ begin: (Fixture) throws -> Void) throws -> Mailbox<WebSocketMessage> {
        let fixture = try Fixture()
        try begin(fixture)
        fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(fixture.channel.isActive)
        fixture.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!fixture.channel.isActive)
        return fixture.mailbox
    }

    @Test func aSilentServerIsTakenForGone() throws {
        let fixture = try Fixture()
        fixture.channel.pipeline.fireUserInboundEventTriggered("something else")
        #expect(fixture.channel.isActive)
        fixture.channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
        #expect(!fixture.channel.isActive)
    }

    @Test func brokenFramesEndTheConnection() throws {
        let fixture = try Fixture()
        fixture.channel.pipeline.fireErrorCaught(NIOWebSocketError.invalidFrameLength)
        #expect(!fixture.channel.isActive)
    }
}
