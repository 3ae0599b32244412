public import NIOCore

/// What a WebSocket receives.
public enum WebSocketMessage: Hashable, Sendable {
    /// A whole text message.
    case text(String)
    /// A whole binary message.
    case binary(ByteBuffer)
    /// The end, with the peer's close code and reason; 1005 when it gave none, 1006 when the connection broke.
    case closed(code: Int, reason: String)
}
