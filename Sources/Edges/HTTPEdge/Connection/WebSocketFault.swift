import NIOWebSocket

/// What a peer did against RFC 6455, as the close frame that tells it so.
struct WebSocketFault: Error, Equatable {
    /// The close code of §7.4.1.
    let code: Int
    /// For people.
    let reason: String

    /// Breaks the protocol.
    static func protocolError(_ reason: String) -> WebSocketFault { WebSocketFault(code: 1002, reason: reason) }
    /// Text or a close reason that is not UTF-8.
    static let invalidUTF8 = WebSocketFault(code: 1007, reason: "text is not valid UTF-8")
    /// Larger than the documented limit.
    static func tooLarge(_ limit: Int) -> WebSocketFault { WebSocketFault(code: 1009, reason: "larger than \(limit) bytes") }

    /// What the frame decoder found.
    init(_ error: NIOWebSocketError, limits: WebSocketLimits) {
        self =
            switch error {
            case .invalidFrameLength: .tooLarge(limits.maxFrameBytes)
            case .fragmentedControlFrame: .protocolError("a control frame is fragmented")
            case .multiByteControlFrameLength: .protocolError("a control frame is longer than 125 bytes")
            }
    }

    private init(code: Int, reason: String) {
        self.code = code
        self.reason = reason
    }
}
