public import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
public import SpeechModel

/// A WebSocket to a server.
///
/// Sending waits until the kernel has taken the message, and not more than ``mailboxCapacity`` received messages wait to be read
/// before the server feels back-pressure: nothing grows without bound. A client that is let go closes its socket.
public final class WebSocketClient: Sendable {
    /// Bytes in one received message.
    public static let maxMessageBytes = 4 << 20
    /// Received messages that wait.
    public static let mailboxCapacity = 256

    private let channel: any Channel
    private let frames: NIOLoopBound<WebSocketFrames>
    private let mailbox: Mailbox<WebSocketMessage>

    private init(channel: any Channel, frames: NIOLoopBound<WebSocketFrames>, mailbox: Mailbox<WebSocketMessage>) {
        self.channel = channel
        self.frames = frames
        self.mailbox = mailbox
    }

    deinit { channel.close(promise: nil) }

    /// Opens a WebSocket.
    ///
    /// - Parameters:
    ///   - url: the server and path.
    ///   - token: sent as `Authorization: Bearer`.
    ///   - timeout: for the connection, and again for the server's answer.
    ///   - silence: a server that sends nothing for this long, not even an answer to the pings that it gets meanwhile, is taken for
    ///     gone.
    /// - Throws: ``SpeechError`` with `connection-failed`, or with the code of the problem that the server answered.
    public static func connect(
        to url: ServerURL, token: Sensitive<String>? = nil, timeout: TimeAmount = .seconds(10),
        silence: TimeAmount = .seconds(60)
    ) async throws(SpeechError) -> WebSocketClient {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let opened = loop.makePromise(of: WebSocketClient.self)
        do {
            let channel = try await url.connect(on: loop, timeout: timeout) { channel in
                channel.eventLoop.makeCompletedFuture { try initialise(channel, url, token, silence, opened) }
            }
            let expiry = loop.scheduleTask(in: timeout) { channel.close(promise: nil) }
            defer { expiry.cancel() }
            return try await opened.futureResult.get()
        } catch let error as SpeechError {
            opened.fail(error)
            throw error
        } catch {
            throw SpeechError(
                .connectionFailed, "The WebSocket handshake with \(url.authority) failed.",
                advice: "Check that the URL is that of a Mynah server.", underlying: error)
        }
    }

    /// Makes a new channel speak HTTP, and WebSocket when the server agrees.
    private static func initialise(
        _ channel: any Channel, _ url: ServerURL, _ token: Sensitive<String>?, _ silence: TimeAmount,
        _ opened: EventLoopPromise<WebSocketClient>
    ) throws {
        let handshake = NIOLoopBound(
            WebSocketHandshake(.request(.get, url, token: token), opened: opened), eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: maxMessageBytes, automaticErrorHandling: false) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                let mailbox = Mailbox<WebSocketMessage>(capacity: mailboxCapacity)
                let frames = WebSocketFrames(mailbox: mailbox, pingInterval: .nanoseconds(silence.nanoseconds / 3))
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 16, maxAccumulatedFrameSize: maxMessageBytes))
                try pipeline.addHandler(IdleStateHandler(readTimeout: silence))
                try pipeline.addHandler(frames)
                let bound = NIOLoopBound(frames, eventLoop: channel.eventLoop)
                opened.succeed(WebSocketClient(channel: channel, frames: bound, mailbox: mailbox))
            }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes,
            withClientUpgrade: (
                upgraders: [upgrader],
                completionHandler: { $0.pipeline.syncOperations.removeHandler(handshake.value, promise: nil) }
            ))
        try pipeline.addHandler(handshake.value)
    }

    /// The next message; `nil` after ``WebSocketMessage/closed(code:reason:)``, or when the task is cancelled. One task at a time.
    public func receive() async -> WebSocketMessage? {
        await mailbox.receive { channel.eventLoop.execute { self.frames.value.resumeReading() } }
    }

    /// Sends a text message.
    public func send(text: String) async throws(SpeechError) { try await send(.text, ByteBuffer(string: text)) }

    /// Sends a binary message.
    public func send(binary: ByteBuffer) async throws(SpeechError) { try await send(.binary, binary) }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws(SpeechError) {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.execute { self.frames.value.send(opcode, data, promise: promise) }
        do {
            try await promise.futureResult.get()
        } catch {
            throw SpeechError(
                .connectionFailed, "The connection is closed.", advice: "Read the messages up to the end to see why.",
                underlying: error)
        }
    }

    /// Closes: what was sent before still arrives. Returns when the socket is closed.
    public func close(code: Int = 1000) async {
        channel.eventLoop.execute { self.frames.value.close(code: code) }
        try? await channel.closeFuture.get()
    }

}
