import NIOCore
import NIOHTTP1
import SpeechModel

/// Sends the upgrade request and, if the server does not upgrade, makes an error of what it answers instead.
final class WebSocketHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let opened: EventLoopPromise<WebSocketClient>
    private var refusal = HTTPReply()

    /// Fails `opened` when the server refuses or breaks off; whoever upgrades keeps it.
    init(_ request: HTTPRequestHead, opened: EventLoopPromise<WebSocketClient>) {
        self.request = request
        self.opened = opened
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            guard try refusal.receive(unwrapInboundIn(data)) else { return }
            fail(refusal.error, context)
        } catch {
            fail(error, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(
            SpeechError(
                .connectionFailed, "The server's answer to the WebSocket handshake is broken.",
                advice: "Check that the URL is that of a Mynah server.", underlying: error), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            SpeechError(
                .connectionFailed, "The server closed the connection during the WebSocket handshake.",
                advice: "Check that the URL is that of a Mynah server, and its log."), context)
        context.fireChannelInactive()
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        opened.fail(error)
        context.close(promise: nil)
    }
}
