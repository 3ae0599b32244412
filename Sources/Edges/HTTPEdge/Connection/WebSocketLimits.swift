public import NIOCore

/// What one WebSocket connection, and all of them together, may use. Every limit has a documented default.
public struct WebSocketLimits: Sendable {
    /// Bytes in one frame; a larger one closes the connection with 1009. Default 1 MiB.
    public var maxFrameBytes = 1 << 20
    /// Bytes in one message, all its fragments together; a larger one closes the connection with 1009. Default 1 MiB.
    public var maxMessageBytes = 1 << 20
    /// A ping is sent when nothing at all was received for this long. Default 20 s.
    public var pingInterval = TimeAmount.seconds(20)
    /// The connection is closed with 1001 `ping-timeout` when nothing is received for this long after a ping. Default 20 s.
    public var pongTimeout = TimeAmount.seconds(20)
    /// The connection is closed with 1001 `idle-timeout` when no message is received for this long (pings and pongs are none);
    /// `nil` for no such limit. Default 5 min.
    public var idleTimeout: TimeAmount? = .minutes(5)
    /// How long the peer may take to answer a close frame, before the socket is closed anyway. Default 5 s.
    public var closeTimeout = TimeAmount.seconds(5)
    /// How long a handler may take to finish when the server stops, before the connection is closed with 1001. Default 2 s.
    public var drainTimeout = TimeAmount.seconds(2)
    /// Bytes that may wait for a slow reader. A message past this mark closes the connection with 1013 `slow-reader`; a droppable
    /// one is dropped already past a quarter of it. Default 256 KiB.
    public var outboundHighWaterBytes = 256 << 10
    /// Connections at once; one more is refused with 503. Default 2048.
    public var maxConnections = 2048
    /// Connections at once from one remote address; one more is refused with 503. Default 1024.
    public var maxConnectionsPerAddress = 1024

    /// The defaults.
    public init() {}
}
