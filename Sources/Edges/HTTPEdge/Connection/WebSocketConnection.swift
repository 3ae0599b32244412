public import NIOCore

/// An open WebSocket, to write to and to close.
///
/// Its methods belong to ``eventLoop`` and trap elsewhere. The value itself may go anywhere: from another thread, write
/// `connection.eventLoop.execute { connection.send(text: …) }`. A closed connection ignores everything.
public struct WebSocketConnection: Sendable {
    private let handler: NIOLoopBound<WebSocketFrameHandler>

    init(_ handler: WebSocketFrameHandler, eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
    }

    /// The event loop that this connection lives on. Callable from anywhere.
    public var eventLoop: any EventLoop { handler.eventLoop }

    /// Sends a text message.
    ///
    /// - Parameters:
    ///   - text: the message.
    ///   - droppable: whether the message may be dropped when the reader is slow, because a newer one will replace it. One that
    ///     may not be dropped closes the connection with 1013 `slow-reader` past ``WebSocketLimits/outboundHighWaterBytes``.
    /// - Returns: whether it was sent.
    @discardableResult
    public func send(text: String, droppable: Bool = false) -> Bool {
        handler.value.send(text: text, droppable: droppable)
    }

    /// Starts the closing handshake; the socket is closed when the peer has answered or ``WebSocketLimits/closeTimeout`` is over.
    ///
    /// - Parameters:
    ///   - code: RFC 6455 §7.4 close code.
    ///   - reason: for people, cut to 123 bytes.
    public func close(code: Int = 1000, reason: String = "") {
        handler.value.close(code: code, reason: reason)
    }

    /// Stops reading from the socket, so that the peer feels back-pressure. Messages that were read already (at most one read's
    /// worth, 64 KiB) still arrive. Keep-alive and idle time-outs rest meanwhile.
    public func pauseReading() { handler.value.setReading(false) }

    /// Reads again.
    public func resumeReading() { handler.value.setReading(true) }

    /// Whether the connection is open and a droppable message would be sent now.
    public var isWritable: Bool { handler.value.isWritable }

    /// Whether little waits for the peer to read; ``WebSocketHandler/becameWritable(_:)`` tells when that is so again.
    public var hasRoom: Bool { handler.value.hasRoom }

    /// Bytes that wait for the peer to read.
    public var outstandingBytes: Int { handler.value.outstandingBytes }
}
