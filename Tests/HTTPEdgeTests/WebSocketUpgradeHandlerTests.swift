import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import HTTPEdge

/// The upgrade with answers that come when the test says so.
@Suite("An upgrade that waits for earlier answers")
struct WebSocketUpgradeHandlerTests {
    private struct Fixture {
        let channel = EmbeddedChannel()

        init() throws {
            let settings = WebSocketSettings(endpoint: EchoEndpoint(), access: try AccessGuard(listenAddress: "127.0.0.1"))
            let http = HTTPHandlers()
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([http.encoder, http.decoder, http.codec])
            try pipeline.addHandler(WebSocketUpgradeHandler(settings: settings, http: http))
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            try channel.writeInbound(ByteBuffer(string: RawConnection.get("/slow") + RawConnection.upgrade("/nowhere")))
        }

        /// The router answers the oldest request.
        func answer() throws {
            try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .noContent)))
            try channel.writeOutbound(HTTPResponsePart.end(nil))
            channel.embeddedEventLoop.run()
        }

        /// Paths of the requests that reached the router since the last time.
        func routed() throws -> [String] {
            var paths: [String] = []
            while let part = try channel.readInbound(as: HTTPRequestPart.self) {
                if case .head(let request) = part { paths.append(request.path ?? "") }
            }
            return paths
        }
    }

    @Test func isDecidedWhenTheyAreWritten() throws {
        let fixture = try Fixture()
        #expect(try fixture.routed() == ["/slow"])
        try fixture.answer()
        #expect(try fixture.routed() == ["/nowhere"])
    }

    @Test func readsNothingMoreMeanwhile() throws {
        let fixture = try Fixture()
        let counter = ReadCounter()
        try fixture.channel.pipeline.syncOperations.addHandler(counter, position: .first)
        fixture.channel.read()
        fixture.channel.read()
        #expect(counter.reads == 0)
        try fixture.answer()
        #expect(counter.reads == 1)
        fixture.channel.read()
        #expect(counter.reads == 2)
    }

    private final class ReadCounter: ChannelOutboundHandler {
        typealias OutboundIn = Any
        var reads = 0
        func read(context: ChannelHandlerContext) {
            reads += 1
            context.read()
        }
    }

    @Test func thatComesAfterTheServerBeganToStopIsAnOrdinaryRequest() throws {
        let fixture = try Fixture()
        try fixture.answer()
        _ = try fixture.routed()
        fixture.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try fixture.channel.writeInbound(ByteBuffer(string: RawConnection.upgrade("/echo")))
        #expect(try fixture.routed() == ["/echo"])
    }

    @Test func isForgottenWhenTheServerStopsOrTheClientIsGone() throws {
        for event in [ChannelShouldQuiesceEvent(), ChannelEvent.inputClosed] as [any Sendable] {
            let fixture = try Fixture()
            #expect(try fixture.routed() == ["/slow"])
            fixture.channel.pipeline.fireUserInboundEventTriggered(event)
            try fixture.answer()
            #expect(try fixture.routed() == [])
        }
    }
}
