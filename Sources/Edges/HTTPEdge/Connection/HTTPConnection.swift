public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1
public import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A connection of the public port: HTTP/1.1 by Hummingbird, and WebSockets.
///
/// It differs from Hummingbird's own channel in two things: ``WebSocketUpgradeHandler`` looks at the requests first, and the HTTP
/// decoder hands over bytes that came early for the next protocol, where Hummingbird's drops them.
public struct HTTPConnection: ServerChildChannel, HTTPChannelHandler {
    public typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    public let responder: HTTPChannelHandler.Responder
    private let webSockets: WebSocketSettings
    private let idleTimeout: Duration

    init(responder: @escaping HTTPChannelHandler.Responder, webSockets: WebSocketSettings, idleTimeout: Duration) {
        self.responder = responder
        self.webSockets = webSockets
        self.idleTimeout = idleTimeout
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let http = HTTPHandlers()
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([http.encoder, http.decoder, http.codec])
            try pipeline.addHandler(WebSocketUpgradeHandler(settings: webSockets, http: http))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idleTimeout, logger: logger))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    public func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}

extension HTTPServerBuilder {
    /// A server of HTTP/1.1 and WebSockets on one port.
    ///
    /// - Parameters:
    ///   - webSockets: endpoints, access and limits of WebSockets.
    ///   - idleTimeout: an HTTP connection without a request is closed after this time.
    public static func httpAndWebSockets(_ webSockets: WebSocketSettings, idleTimeout: Duration = .seconds(60))
        -> HTTPServerBuilder
    {
        HTTPServerBuilder { responder in
            HTTPConnection(responder: responder, webSockets: webSockets, idleTimeout: idleTimeout)
        }
    }
}

/// The handlers that make a connection speak HTTP/1.1, and that leave it when it becomes a WebSocket.
final class HTTPHandlers {
    let encoder = HTTPResponseEncoder()
    var decoder = HTTPHandlers.makeDecoder()
    let codec = HTTP1ToHTTPServerCodec(secure: false)

    /// A decoder whose header fields are limited to 16 KiB each, and to 64 KiB and 128 fields in all.
    static func makeDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderListSize = 64 << 10
        limits.maxHeaderFieldCount = 128
        return ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
    }
}
