import NIOCore
import NIOEmbedded
import NIOWebSocket
import SpeechModel
import Testing

@testable import HTTPEdge

/// The connection with a clock that the test turns.
@Suite("A WebSocket connection in time")
struct WebSocketFrameHandlerTests {
    /// Writes down what happens.
    private final class Recorder: WebSocketHandler {
        var connection: WebSocketConnection?
        var events: [String] = []
        func opened(_ connection: WebSocketConnection) {
            self.connection = connection
            events.append("opened")
        }
        func received(text: String, on connection: WebSocketConnection) { events.append("text \(text)") }
        func received(binary: ByteBuffer, on connection: WebSocketConnection) { events.append("binary \(binary.readableBytes)") }
        func drain(_ connection: WebSocketConnection) { events.append("drain") }
        func closed(code: Int) { events.append("closed \(code)") }
    }

    private struct Fixture {
        let channel = EmbeddedChannel()
        let recorder = Recorder()

        init(_ change: (inout WebSocketLimits) -> Void = { _ in }) throws {
            var limits = WebSocketLimits()
            change(&limits)
            let settings = WebSocketSettings(
                endpoint: EchoEndpoint(), access: try AccessGuard(listenAddress: "127.0.0.1"), limits: limits)
            let handler = WebSocketFrameHandler(recorder, lease: nil, settings: settings)
            try channel.pipeline.syncOperations.addHandler(handler)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            handler.start()
        }

        func receive(_ opcode: WebSocketOpcode, _ text: String = "") throws {
            try channel.writeInbound(
                WebSocketFrame(fin: true, opcode: opcode, maskKey: [0, 0, 0, 0], data: ByteBuffer(string: text)))
        }

        func advance(_ amount: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: amount) }

        /// The next frame that was sent, as `ping`, `1001 reason` or its text; `nil` if none.
        func sent() throws -> String? {
            guard let frame = try channel.readOutbound(as: WebSocketFrame.self) else { return nil }
            var data = frame.unmaskedData
            switch frame.opcode {
            case .ping: return "ping"
            case .pong: return "pong " + String(buffer: data)
            case .connectionClose:
                guard let code = data.readInteger(as: UInt16.self) else { return "1005" }
                return "\(code) " + String(buffer: data)
            default: return String(buffer: data)
            }
        }
    }

    @Test func aSilentPeerIsPingedAndThenGivenUp() throws {
        let fixture = try Fixture()
        fixture.advance(.seconds(19))
        #expect(try fixture.sent() == nil)
        fixture.advance(.seconds(1))
        #expect(try fixture.sent() == "ping")
        fixture.advance(.seconds(19))
        #expect(try fixture.sent() == nil)
        fixture.advance(.seconds(1))
        #expect(try fixture.sent() == "1001 ping-timeout")
        #expect(fixture.recorder.events == ["opened"])
        fixture.advance(.seconds(5))
        #expect(fixture.recorder.events == ["opened", "closed 1001"])
    }

    @Test func aPeerThatAnswersPingsStaysUntilItIsIdle() throws {
        let fixture = try Fixture()
        for _ in 1...14 {
            fixture.advance(.seconds(20))
            #expect(try fixture.sent() == "ping")
            try fixture.receive(.pong)
        }
        fixture.advance(.seconds(20))
        #expect(try fixture.sent() == "1001 idle-timeout")
    }

    @Test func messagesKeepAConnectionFromBeingIdle() throws {
        let fixture = try Fixture()
        for _ in 1...100 {
            fixture.advance(.seconds(10))
            try fixture.receive(.binary, "ab")
        }
        #expect(try fixture.sent() == nil)
        #expect(fixture.recorder.events.count == 101)
    }

    @Test func withoutAnIdleTimeoutAListenerMayBeSilentForever() throws {
        let fixture = try Fixture { $0.idleTimeout = nil }
        for _ in 1...1000 {
            fixture.advance(.seconds(20))
            #expect(try fixture.sent() == "ping")
            try fixture.receive(.pong)
        }
        #expect(fixture.recorder.events == ["opened"])
    }

    @Test func whileReadingIsPausedNoTimeoutRuns() throws {
        let fixture = try Fixture()
        let connection = try #require(fixture.recorder.connection)
        connection.pauseReading()
        fixture.advance(.hours(1))
        #expect(try fixture.sent() == nil)
        connection.resumeReading()
        fixture.advance(.seconds(19))
        #expect(try fixture.sent() == nil)
        fixture.advance(.seconds(1))
        #expect(try fixture.sent() == "ping")
    }

    @Test func aPeerThatDoesNotAnswerACloseIsCutOff() throws {
        let fixture = try Fixture()
        let connection = try #require(fixture.recorder.connection)
        connection.close(code: 4000, reason: "why")
        connection.close(code: 4001, reason: "again")
        #expect(try fixture.sent() == "4000 why")
        #expect(try fixture.sent() == nil)
        try fixture.receive(.text, "ignored")
        try fixture.receive(.ping, "ignored")
        #expect(!connection.send(text: "too late"))
        #expect(!connection.isWritable)
        fixture.advance(.seconds(4))
        #expect(fixture.channel.isActive)
        fixture.advance(.seconds(1))
        #expect(!fixture.channel.isActive)
        #expect(fixture.recorder.events == ["opened", "closed 4000"])
        // Nothing is left to go wrong on a closed connection.
        connection.close()
        connection.pauseReading()
        #expect(!connection.send(text: "far too late"))
        #expect(connection.outstandingBytes == 0)
    }

    @Test func aHandlerThatDoesNotFinishDrainingIsClosed() throws {
        let fixture = try Fixture()
        fixture.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        fixture.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(fixture.recorder.events == ["opened", "drain"])
        #expect(fixture.recorder.connection?.send(text: "last") == true)
        #expect(try fixture.sent() == "last")
        fixture.advance(.seconds(2))
        #expect(try fixture.sent() == "1001 shutting-down")
    }

    @Test func aLongReasonIsCutBetweenCharacters() throws {
        let fixture = try Fixture()
        fixture.recorder.connection?.close(code: 1011, reason: String(repeating: "ä", count: 100))
        #expect(try fixture.sent() == "1011 " + String(repeating: "ä", count: 61))
    }

    @Test func theEndOfThePeersStreamEndsTheConnection() throws {
        let fixture = try Fixture()
        fixture.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(fixture.recorder.events == ["opened", "closed 1006"])
    }

    @Test func aBrokenSocketEndsTheConnection() throws {
        let fixture = try Fixture()
        fixture.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "reset"))
        #expect(fixture.recorder.events == ["opened", "closed 1006"])
        #expect(!fixture.channel.isActive)
    }

    @Test func otherEventsPass() throws {
        let fixture = try Fixture()
        fixture.channel.pipeline.fireUserInboundEventTriggered("something else")
        #expect(fixture.recorder.events == ["opened"])
        #expect(fixture.channel.isActive)
    }

    @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 640, 1001])
    func unmaskingIsThatOfTheReferenceImplementation(_ count: Int) {
        let key: WebSocketMaskingKey = [0x80, 0x08, 0xFF, 0x01]
        let plain = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) })
        var masked = plain
        masked.webSocketMask(key)
        #expect(masked.unmasked(key) == plain)
    }
}
