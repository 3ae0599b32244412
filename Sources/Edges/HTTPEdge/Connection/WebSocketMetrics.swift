public import SpeechModel

/// What happens on WebSocket connections, for whoever counts it. Each closure is called on the connection's event loop and must
/// not block.
public struct WebSocketMetrics: Sendable {
    /// A connection was upgraded.
    public var opened: @Sendable () -> Void = {}
    /// A connection is gone, with the close code that describes why (1006: without a close frame).
    public var closed: @Sendable (_ code: Int) -> Void = { _ in }
    /// An upgrade was refused.
    public var refused: @Sendable (_ code: ErrorCode) -> Void = { _ in }
    /// A message of so many bytes was received.
    public var received: @Sendable (_ bytes: Int) -> Void = { _ in }
    /// A message of so many bytes was sent.
    public var sent: @Sendable (_ bytes: Int) -> Void = { _ in }
    /// A droppable message was dropped because the reader is slow.
    public var dropped: @Sendable () -> Void = {}

    /// Counts nothing.
    public init() {}
}
