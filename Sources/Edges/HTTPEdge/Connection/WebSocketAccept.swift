import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server's proof that it understood a WebSocket handshake.
enum WebSocketAccept {
    // The one thing that is taken from NIO's upgrader: its SHA-1 is not public.
    private static let upgrader = NIOWebSocketServerUpgrader(
        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
        upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })

    /// Base64 of SHA-1 of the key and the protocol's GUID (RFC 6455 §4.2.2); on the channel's event loop.
    static func value(forKey key: String, on channel: any Channel) -> String? {
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/",
            headers: ["Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"])
        var value: String?
        // Everything in it is known already, so the future is complete and calls back before this returns.
        upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: [:])
            .assumeIsolated().whenSuccess { value = $0.first(name: "Sec-WebSocket-Accept") }
        return value
    }
}
