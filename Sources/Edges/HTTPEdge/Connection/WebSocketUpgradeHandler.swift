import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import SpeechModel

/// Lets ordinary requests through and turns a connection into a WebSocket when asked to.
///
/// NIO's own upgraders are not used: they hang on a refused upgrade, upgrade only the first request of a connection (which breaks
/// proxies that reuse connections) and drop a connection that offers `Upgrade: h2c`. Here an upgrade may come at any time: it
/// waits until the requests before it are answered, a refused one is an ordinary answer, and bytes that follow the request
/// closely are not lost.
///
/// NIO's HTTP decoder stops after each request that *could* upgrade (and after CONNECT), whatever is answered. If the connection
/// stays HTTP, a fresh decoder takes over with the bytes that are left.
final class WebSocketUpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// Between requests, or inside an ordinary one.
        case passing
        /// Inside an ordinary request after which the decoder stops.
        case passingLastOfDecoder
        /// Inside an upgrade request.
        case collecting(HTTPRequest)
        /// The upgrade request is complete, but earlier requests are not answered yet. Nothing more is read from the socket.
        case waiting(HTTPRequest)
        /// Nothing more is wanted: the connection is closing or no longer HTTP.
        case done
    }

    private let settings: WebSocketSettings
    private let http: HTTPHandlers
    private var state = State.passing
    /// Requests passed on whose answer is not complete.
    private var unanswered = 0
    /// The server stops or the peer's stream has ended: no WebSocket begins any more.
    private var isEnding = false
    /// A read that was asked for while ``State/waiting(_:)``.
    private var readIsHeld = false

    init(settings: WebSocketSettings, http: HTTPHandlers) {
        self.settings = settings
        self.http = http
    }

    // MARK: - Parts of requests and responses

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (_, .done), (_, .waiting): break
        case (.head(let request), _):
            if request.asksForWebSocket, !isEnding {
                state = .collecting(request)
            } else {
                pass(request, context)
            }
        case (.body, .collecting): break  // it has none, or else it would not ask for a WebSocket
        case (.end, .collecting(let request)):
            state = .waiting(request)
            decideIfAnswered(context)
        case (.end, .passingLastOfDecoder):
            state = .passing
            context.fireChannelRead(data)
            replaceDecoder(context)
        case (.body, _), (.end, _): context.fireChannelRead(data)
        }
    }

    /// Hands an ordinary request's head on to the HTTP router.
    private func pass(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        unanswered += 1
        state = request.stopsDecoder ? .passingLastOfDecoder : .passing
        context.fireChannelRead(wrapInboundOut(.head(request)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard case .end = unwrapOutboundIn(data) else { return }
        unanswered -= 1
        // The answer may still be on its way to the socket; what is written after it goes after it.
        decideIfAnswered(context)
    }

    func read(context: ChannelHandlerContext) {
        if case .waiting = state {
            readIsHeld = true
        } else {
            context.read()
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
            isEnding = true
            if case .waiting = state { state = .done }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Replaces the decoder, which stopped after the last request, by one that goes on with the bytes that are left.
    private func replaceDecoder(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline
        do {
            let stopped = http.decoder
            http.decoder = HTTPHandlers.makeDecoder()
            try pipeline.syncOperations.addHandler(http.decoder, position: .after(stopped))
            pipeline.syncOperations.removeHandler(stopped).assumeIsolated().whenComplete { _ in
                pipeline.fireChannelReadComplete()  // or else what was left waits for the next read
            }
        } catch {
            context.close(promise: nil)
        }
    }

    // MARK: - The upgrade

    private func decideIfAnswered(_ context: ChannelHandlerContext) {
        guard case .waiting(let request) = state, unanswered == 0 else { return }
        state = .passing
        decide(request, context)
        if readIsHeld {
            readIsHeld = false
            context.channel.read()
        }
    }

    private func decide(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
        if let error = settings.access.check(request) { return refuse(error, request, context) }
        guard let accept = acceptValue(request, context) else { return }
        let address = context.remoteAddress?.ipAddress
        let (path, query) = QueryString.split(request.path ?? "/")
        guard let lease = settings.count.acquire(address) else {
            let error = SpeechError(
                .overloaded, "The server holds as many WebSocket connections as it may.",
                advice: "Close connections that are not needed, try again later, or raise server.max_connections.")
            return refuse(error, request, context)
        }
        switch settings.endpoint.decide(
            UpgradeRequest(path: path, query: query, headers: request.headerFields, remoteAddress: address))
        {
        case .accept(let handler):
            upgrade(WebSocketFrameHandler(handler, lease: lease, settings: settings), request, accept: accept, context)
        case .refuse(let error):
            lease.release()
            refuse(error, request, context)
        case nil:
            lease.release()
            pass(request, context)
            state = .passing
            context.fireChannelRead(wrapInboundOut(.end(nil)))
            replaceDecoder(context)
        }
    }

    /// The answer to the handshake's key (RFC 6455 §4.2.2), or `nil` after refusing a bad handshake.
    private func acceptValue(_ request: HTTPRequest, _ context: ChannelHandlerContext) -> String? {
        let fields = request.headerFields
        guard fields[.secWebSocketVersion] == "13" else {
            var problem = Problem(
                SpeechError(
                    .invalidParameter, "The WebSocket version is not 13.", advice: "Send `Sec-WebSocket-Version: 13` (RFC 6455)."),
                request: request)
            problem.status = .upgradeRequired
            problem.headers[.secWebSocketVersion] = "13"
            problem.headers[.upgrade] = "websocket"
            refuse(problem, context)
            return nil
        }
        guard let key = fields[.secWebSocketKey], key.utf8.count == 24 else {
            let error = SpeechError(
                .invalidParameter, "The WebSocket key is missing or not 16 bytes in base64.",
                advice: "Send a `Sec-WebSocket-Key` as in RFC 6455 §4.1.")
            refuse(error, request, context)
            return nil
        }
        return WebSocketAccept.value(forKey: key, on: context.channel)
    }

    /// Answers 101 and takes HTTP out of the pipeline. Bytes that the HTTP decoder holds already go to the frame decoder when it
    /// leaves, in the next turn of the event loop.
    private func upgrade(
        _ handler: WebSocketFrameHandler, _ request: HTTPRequest, accept: String, _ context: ChannelHandlerContext
    ) {
        state = .done
        var response = HTTPResponse(status: .switchingProtocols)
        response.headerFields[.upgrade] = "websocket"
        response.headerFields[.connection] = "Upgrade"
        response.headerFields[.secWebSocketAccept] = accept
        response.headerFields[.secWebSocketProtocol] = AccessGuard.subprotocol(for: request)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)

        let pipeline = context.pipeline.syncOperations
        do {
            let decoder = WebSocketFrameDecoder(maxFrameSize: min(settings.limits.maxFrameBytes, Int(UInt32.max)))
            try pipeline.addHandlers(
                [WebSocketFrameEncoder(), ByteToMessageHandler(decoder), handler], position: .after(http.decoder))
            pipeline.removeHandler(http.encoder, promise: nil)
            pipeline.removeHandler(http.decoder, promise: nil)
            pipeline.removeHandler(http.codec, promise: nil)
            pipeline.removeHandler(try pipeline.handler(type: HTTPConnectionStateHandler.self), promise: nil)
            pipeline.removeHandler(self, promise: nil)
        } catch {
            return context.close(promise: nil)
        }
        handler.start()
    }

    // MARK: - Refusing

    private func refuse(_ error: SpeechError, _ request: HTTPRequest, _ context: ChannelHandlerContext) {
        refuse(Problem(error, request: request), context)
    }

    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        settings.metrics.refused(problem.error.code)
        let body = ByteBuffer(string: problem.json)
        var response = HTTPResponse(status: problem.status, headerFields: problem.headers)
        response.headerFields[.contentLength] = String(body.readableBytes)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        replaceDecoder(context)
    }
}

extension HTTPRequest {
    /// A GET without a body that offers to become a WebSocket (RFC 6455 §4.2.1). Anything else with an `Upgrade` field, `h2c` for
    /// instance, is an ordinary request, as RFC 9110 §7.8 allows.
    fileprivate var asksForWebSocket: Bool {
        method == .get && headerFields.lists(.upgrade, "websocket") && headerFields.lists(.connection, "upgrade")
            && headerFields[.transferEncoding] == nil && (headerFields[.contentLength] ?? "0") == "0"
    }

    /// Whether NIO's decoder takes what follows this request for another protocol.
    fileprivate var stopsDecoder: Bool {
        method == .connect || headerFields[.upgrade] != nil && headerFields.lists(.connection, "upgrade")
    }
}

extension HTTPFields {
    /// Whether a comma-separated field contains a token, without regard to case.
    fileprivate func lists(_ name: HTTPField.Name, _ token: String) -> Bool {
        self[values: name].contains { value in
            value.split(separator: ",").contains { $0.trimmingSpaces.lowercased() == token }
        }
    }
}
