public import HTTPTypes
public import NIOCore
public import SpeechModel

/// Decides which upgrade requests become WebSocket connections, and who handles them.
public protocol WebSocketEndpoint: Sendable {
    /// Called on the connection's event loop, after access was checked and the handshake found to be valid; must not block.
    ///
    /// - Returns: what to do, or `nil` when this is no WebSocket path: the request then goes to the HTTP router as any other.
    func decide(_ request: UpgradeRequest) -> UpgradeDecision?
}

/// What to do with an upgrade request.
public enum UpgradeDecision {
    /// Upgrade, and give everything that is received to this handler.
    case accept(any WebSocketHandler)
    /// Answer with this error as `application/problem+json`; the connection stays usable for HTTP.
    case refuse(SpeechError)
}

/// A request to open a WebSocket.
public struct UpgradeRequest: Sendable {
    /// The path without the query, as sent.
    public var path: String
    /// The query's parameters, percent-decoded; the first of equal names counts.
    public var query: [String: String]
    /// The header fields as sent.
    public var headers: HTTPFields
    /// The peer's IP address; `nil` on a Unix socket.
    public var remoteAddress: String?

    /// Makes a request.
    public init(path: String, query: [String: String] = [:], headers: HTTPFields = [:], remoteAddress: String? = nil) {
        self.path = path
        self.query = query
        self.headers = headers
        self.remoteAddress = remoteAddress
    }
}

/// Handles one WebSocket connection. Every method is called on the connection's event loop, in order, and must not block.
public protocol WebSocketHandler: AnyObject {
    /// The connection is open and may be written to.
    func opened(_ connection: WebSocketConnection)
    /// A whole text message, valid UTF-8.
    func received(text: String, on connection: WebSocketConnection)
    /// A whole binary message.
    func received(binary: ByteBuffer, on connection: WebSocketConnection)
    /// What waited for the peer to read is written.
    func becameWritable(_ connection: WebSocketConnection)
    /// Whether a peer that sends no message for ``WebSocketLimits/idleTimeout`` has nothing to do here.
    var expectsMessages: Bool { get }
    /// The server is stopping: finish within ``WebSocketLimits/drainTimeout`` and close.
    func drain(_ connection: WebSocketConnection)
    /// The connection is gone; nothing follows.
    ///
    /// - Parameter code: RFC 6455 §7.4 close code, the first one that either side sent; 1005 when the peer gave none, 1006 when
    ///   the connection broke without a close frame.
    func closed(code: Int)
}

extension WebSocketHandler {
    /// Does nothing.
    public func becameWritable(_ connection: WebSocketConnection) {}

    /// True.
    public var expectsMessages: Bool { true }

    /// Closes with 1001 at once.
    public func drain(_ connection: WebSocketConnection) {
        connection.close(code: 1001, reason: ErrorCode.shuttingDown.rawValue)
    }
}

/// Several endpoints on one listener; the first that knows a path decides.
public struct WebSocketEndpoints: WebSocketEndpoint {
    private let endpoints: [any WebSocketEndpoint]

    /// Puts endpoints beside each other.
    public init(_ endpoints: [any WebSocketEndpoint]) { self.endpoints = endpoints }

    public func decide(_ request: UpgradeRequest) -> UpgradeDecision? {
        for endpoint in endpoints {
            if let decision = endpoint.decide(request) { return decision }
        }
        return nil
    }
}
