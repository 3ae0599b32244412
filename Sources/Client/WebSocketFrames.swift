import NIOCore
import NIOWebSocket

/// A client's side of an open WebSocket on its event loop: messages in and out, pongs, the closing handshake, back-pressure.
final class WebSocketFrames: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = Never
    typealias OutboundOut = WebSocketFrame

    /// How long the server may take to answer a close frame.
    private static let closeTimeout = TimeAmount.seconds(5)

    private let mailbox: Mailbox<WebSocketMessage>
    private var context: ChannelHandlerContext?
    private var isClosing = false
    private var isFinished = false
    private var mayRead = true
    private var readIsHeld = false
    private var closeTimer: Scheduled<Void>?
    private let pingInterval: TimeAmount
    private var pinging: RepeatedTask?

    init(mailbox: Mailbox<WebSocketMessage>, pingInterval: TimeAmount) {
        self.mailbox = mailbox
        self.pingInterval = pingInterval
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let frames = NIOLoopBound(self, eventLoop: context.eventLoop)
        pinging = context.eventLoop.scheduleRepeatedTask(initialDelay: pingInterval, delay: pingInterval) { _ in
            frames.value.ping()
        }
    }

    private func ping() {
        guard let context, !isClosing else { return }
        write(.ping, ByteBuffer(), context, promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(code: 1006, reason: "")
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(code: 1006, reason: "")
        context.fireChannelInactive()
    }

    private func finish(code: Int, reason: String) {
        guard !isFinished else { return }
        isFinished = true
        closeTimer?.cancel()
        pinging?.cancel()
        _ = mailbox.send(.closed(code: code, reason: reason))
        mailbox.finish()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        var body = frame.unmaskedData
        switch frame.opcode {
        case .text: deliver(.text(String(buffer: body)))
        case .binary: deliver(.binary(body))
        case .ping where !isClosing: write(.pong, body, context, promise: nil)
        case .connectionClose:
            let code = body.readInteger(as: UInt16.self)
            finish(code: code.map(Int.init) ?? 1005, reason: String(buffer: body))
            guard !isClosing else { return context.close(promise: nil) }
            isClosing = true
            // The server closes the socket; we only make sure that it is closed.
            write(
                .connectionClose, frame.unmaskedData.getSlice(at: 0, length: code == nil ? 0 : 2) ?? ByteBuffer(), context,
                promise: nil)
            closeAfterTimeout(context)
        default: break
        }
    }

    private func deliver(_ message: WebSocketMessage) {
        guard !isFinished, !isClosing else { return }
        if !mailbox.send(message) { mayRead = false }
    }

    func read(context: ChannelHandlerContext) {
        if mayRead {
            context.read()
        } else {
            readIsHeld = true
        }
    }

    /// Goes on reading, after the mailbox asked to pause.
    func resumeReading() {
        mayRead = true
        guard readIsHeld else { return }
        readIsHeld = false
        context?.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A server that has sent nothing for this long, not even a pong, is gone; unless it is us who did not read.
        if event is IdleStateHandler.IdleStateEvent, !readIsHeld { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Sends one message; the promise is kept when the kernel has taken it, which is the back-pressure.
    func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard let context, !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        write(opcode, data, context, promise: promise)
    }

    /// Starts the closing handshake.
    func close(code: Int) {
        guard let context, !isClosing else { return }
        isClosing = true
        mayRead = true
        var body = ByteBuffer()
        body.writeInteger(UInt16(clamping: code))
        write(.connectionClose, body, context, promise: nil)
        resumeReading()
        closeAfterTimeout(context)
    }

    private func closeAfterTimeout(_ context: ChannelHandlerContext) {
        closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.closeTimeout) { context.close(promise: nil) }
    }

    private func write(
        _ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?
    ) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }
}
