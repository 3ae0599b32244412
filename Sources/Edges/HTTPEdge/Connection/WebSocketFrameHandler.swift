import NIOCore
import NIOWebSocket
import SpeechModel

/// One WebSocket connection, after the upgrade and wholly on its event loop: messages in and out, keep-alive, time-outs, the
/// closing handshake.
///
/// An asynchronous sequence of frames would cost as much processor time again as everything here. Hummingbird's own channel stays
/// behind this handler in the pipeline and hears of nothing but the end.
final class WebSocketFrameHandler: ChannelInboundHandler, RemovableChannelHandler, NIOScheduledCallbackHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private enum Phase {
        case open
        /// A close frame was sent; what arrives is discarded up to the peer's close frame or the end of its stream.
        case closing
        case closed
    }

    private let settings: WebSocketSettings
    private var application: (any WebSocketHandler)?
    private var lease: ConnectionCount.Lease?
    private var context: ChannelHandlerContext?
    private var assembler: WebSocketAssembler
    private var phase = Phase.open
    private var closeCode = 1006
    private var isReading = true

    // One timer serves all deadlines: it wakes at the earliest and looks again. Receiving only notes the time.
    private var timer: NIOScheduledCallback?
    private var lastFrame = NIODeadline.distantPast
    private var lastMessage = NIODeadline.distantPast
    private var pingSent: NIODeadline?
    private var drainDeadline: NIODeadline?
    private var closeDeadline: NIODeadline?

    init(_ application: any WebSocketHandler, lease: ConnectionCount.Lease?, settings: WebSocketSettings) {
        self.application = application
        self.lease = lease
        self.settings = settings
        assembler = WebSocketAssembler(maxMessageBytes: settings.limits.maxMessageBytes)
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Begins, once the pipeline is complete and the answer to the upgrade request is written.
    func start() {
        guard let context else { return }
        lastFrame = context.eventLoop.now
        lastMessage = lastFrame
        schedule()
        settings.metrics.opened()
        application?.opened(connection(context))
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    private func finish() {
        guard phase != .closed else { return }
        phase = .closed
        timer?.cancel()
        timer = nil
        lease?.release()
        lease = nil
        settings.metrics.closed(closeCode)
        application?.closed(code: closeCode)
        application = nil  // it may hold this connection
    }

    private func connection(_ context: ChannelHandlerContext) -> WebSocketConnection {
        WebSocketConnection(self, eventLoop: context.eventLoop)
    }

    // MARK: - Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        lastFrame = context.eventLoop.now
        pingSent = nil
        do throws(WebSocketFault) {
            guard let event = try assembler.receive(frame) else { return }
            receive(event, context)
        } catch {
            fail(error, context)
        }
    }

    private func receive(_ event: WebSocketAssembler.Event, _ context: ChannelHandlerContext) {
        if case .close(let code) = event { return peerCloses(code, context) }
        guard phase == .open else { return }
        switch event {
        case .text(let text):
            lastMessage = lastFrame
            settings.metrics.received(text.utf8.count)
            application?.received(text: text, on: connection(context))
        case .binary(let bytes):
            lastMessage = lastFrame
            settings.metrics.received(bytes.readableBytes)
            application?.received(binary: bytes, on: connection(context))
        // A peer that pings and does not read gets no pongs, which would pile up (RFC 6455 §5.5.3 asks for the last only).
        case .ping(let body) where isWritable: write(.pong, body, context, promise: nil)
        case .ping, .pong, .close: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as NIOWebSocketError: fail(WebSocketFault(error, limits: settings.limits), context)
        case is ByteToMessageDecoderError: break  // more bytes after a broken frame
        default: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: drain(context)
        // The end of the peer's stream. Hummingbird's channel must not see it: it would close the output before us.
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if hasRoom { application?.becameWritable(connection(context)) }
        context.fireChannelWritabilityChanged()
    }

    func setReading(_ reading: Bool) {
        guard let context, phase != .closed, reading != isReading else { return }
        guard reading || phase == .open else { return }  // the peer's close frame has to be read
        isReading = reading
        lastFrame = context.eventLoop.now
        lastMessage = lastFrame
        pingSent = nil
        try? context.channel.syncOptions?.setOption(.autoRead, value: reading)
        schedule()
    }

    // MARK: - Sending

    var outstandingBytes: Int { (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    var isWritable: Bool { phase == .open && outstandingBytes <= settings.limits.outboundHighWaterBytes / 4 }

    var hasRoom: Bool { phase == .open && context?.channel.isWritable == true }

    func send(text: String, droppable: Bool) -> Bool {
        guard phase == .open, let context else { return false }
        let outstanding = outstandingBytes
        if droppable, !isWritable {
            settings.metrics.dropped()
            return false
        }
        let count = text.utf8.count
        if outstanding > 0, outstanding + count > settings.limits.outboundHighWaterBytes {
            close(code: 1013, reason: ErrorCode.slowReader.rawValue)
            return false
        }
        // Room in front lets the encoder put the frame's head before the text: one buffer, one system call.
        var buffer = context.channel.allocator.buffer(capacity: Self.headroom + count)
        buffer.moveWriterIndex(to: Self.headroom)
        buffer.moveReaderIndex(to: Self.headroom)
        buffer.writeString(text)
        settings.metrics.sent(count)
        write(.text, buffer, context, promise: nil)
        return true
    }

    /// Bytes of the longest head of an unmasked frame.
    private static let headroom = 10

    private func write(
        _ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?
    ) {
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: promise)
    }

    // MARK: - Closing

    func close(code: Int, reason: String) {
        guard phase == .open, let context else { return }
        beginClosing(code, context)
        write(.connectionClose, closeBody(code, reason, context), context, promise: nil)
    }

    /// The peer closes, or answers our close frame.
    private func peerCloses(_ code: Int, _ context: ChannelHandlerContext) {
        guard phase == .open else { return context.close(promise: nil) }
        beginClosing(code, context)
        let written = context.eventLoop.makePromise(of: Void.self)
        write(.connectionClose, closeBody(code, "", context), context, promise: written)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    /// Tells the peer what it did wrong and ends our side of the stream. What it still sends is read, because a socket that is
    /// closed with unread bytes is reset, and the peer would lose our close frame.
    private func fail(_ fault: WebSocketFault, _ context: ChannelHandlerContext) {
        guard phase == .open else { return }
        beginClosing(fault.code, context)
        let written = context.eventLoop.makePromise(of: Void.self)
        write(.connectionClose, closeBody(fault.code, fault.reason, context), context, promise: written)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
    }

    private func beginClosing(_ code: Int, _ context: ChannelHandlerContext) {
        closeCode = code
        phase = .closing
        closeDeadline = context.eventLoop.now + settings.limits.closeTimeout
        setReading(true)
        schedule()
    }

    private func closeBody(_ code: Int, _ reason: String, _ context: ChannelHandlerContext) -> ByteBuffer {
        guard code != 1005, let code = UInt16(exactly: code) else { return ByteBuffer() }
        var body = context.channel.allocator.buffer(capacity: 125)
        body.writeInteger(code)
        var length = 0
        for character in reason {
            length += character.utf8.count
            guard length <= 123 else { break }
            body.writeString(String(character))
        }
        return body
    }

    private func drain(_ context: ChannelHandlerContext) {
        guard phase == .open, drainDeadline == nil else { return }
        drainDeadline = context.eventLoop.now + settings.limits.drainTimeout
        schedule()
        application?.drain(connection(context))
    }

    // MARK: - Time

    private var idleTimeout: TimeAmount? { application?.expectsMessages == false ? nil : settings.limits.idleTimeout }

    private var nextDeadline: NIODeadline? {
        if let closeDeadline { return closeDeadline }
        var earliest = drainDeadline
        func consider(_ deadline: NIODeadline) { earliest = min(earliest ?? deadline, deadline) }
        if isReading {
            consider(pingSent.map { $0 + settings.limits.pongTimeout } ?? lastFrame + settings.limits.pingInterval)
            if let idleTimeout { consider(lastMessage + idleTimeout) }
        }
        return earliest
    }

    private func schedule() {
        timer?.cancel()
        timer = nil
        guard phase != .closed, let context, let deadline = nextDeadline else { return }
        timer = try? context.eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        timer = nil
        guard let context, phase != .closed else { return }
        let now = eventLoop.now
        if let closeDeadline {
            if now >= closeDeadline { return context.close(promise: nil) }
        } else if let drainDeadline, now >= drainDeadline {
            close(code: 1001, reason: ErrorCode.shuttingDown.rawValue)
        } else if isReading {
            if let idleTimeout, now >= lastMessage + idleTimeout {
                close(code: 1001, reason: ErrorCode.idleTimeout.rawValue)
            } else if let pingSent {
                if now >= pingSent + settings.limits.pongTimeout { close(code: 1001, reason: "ping-timeout") }
            } else if now >= lastFrame + settings.limits.pingInterval {
                pingSent = now
                write(.ping, ByteBuffer(), context, promise: nil)
            }
        }
        schedule()
    }
}
