import Foundation
import NIOCore
import PipelineFeed
import SpeechModel
import Synchronization
import WireProtocol

/// One connection to `/stream`, on its event loop.
///
/// Messages wait in the hub and not in the socket, where a final could not be told from a partial: a slow reader loses what is
/// replaceable first.
final class FeedConnection: WebSocketHandler {
    /// Messages that are written before others on this event loop get their turn, and before it is asked again whether there is room:
    /// few enough that they cannot fill the socket's buffer past its limit.
    private static let batch = 8

    let expectsMessages = false
    private let hub: FeedHub
    private let filter: FeedFilter
    private let fromSequence: Int?
    private let status: @Sendable () -> StatusMessage
    private let uptime: @Sendable () -> Double
    private let heartbeat: TimeAmount
    private let clientID = "cli_" + UUID().uuidString.lowercased()
    private var beating: RepeatedTask?
    private var ticket: FeedHub.Ticket?
    private var isPumping = false

    init(
        hub: FeedHub, filter: FeedFilter, fromSequence: Int?, status: @escaping @Sendable () -> StatusMessage,
        uptime: @escaping @Sendable () -> Double, heartbeat: TimeAmount
    ) {
        self.hub = hub
        self.filter = filter
        self.fromSequence = fromSequence
        self.status = status
        self.uptime = uptime
        self.heartbeat = heartbeat
    }

    func opened(_ connection: WebSocketConnection) {
        send(status().encoded, on: connection)
        let (ticket, gaps, isSessionKnown) = hub.join(Bell(connection, self), filter: filter, fromSequence: fromSequence)
        self.ticket = ticket
        if !isSessionKnown {
            tell(
                SpeechError(
                    .sessionUnknown, "Nothing is known of that session.",
                    advice: "What it publishes from now on follows; without `session` all sessions do."), on: connection)
        }
        for gap in gaps {
            let missing = gap.missing
            tell(
                SpeechError(
                    .historyGone, "Finals \(missing.lowerBound) to \(missing.upperBound) of \(gap.session) are no longer kept.",
                    advice: "Go on from sequence \(gap.firstAvailable)."), on: connection)
        }
        let client = NIOLoopBound(self, eventLoop: connection.eventLoop)
        beating = connection.eventLoop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { _ in
            client.value.beat(connection)
        }
        pump(connection)
    }

    func received(text: String, on connection: WebSocketConnection) { refuseMessage(on: connection) }

    func received(binary: ByteBuffer, on connection: WebSocketConnection) { refuseMessage(on: connection) }

    func becameWritable(_ connection: WebSocketConnection) { pump(connection) }

    func closed(code: Int) {
        beating?.cancel()
        beating = nil
        if let ticket { hub.leave(ticket) }
        ticket = nil
    }

    /// Writes what waits, as long as the socket takes it.
    fileprivate func pump(_ connection: WebSocketConnection) {
        // Writing may make the socket writable again at once.
        guard let ticket, !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        // Who does not read at all is disconnected although nothing more can be written: it may be gone.
        let batch = hub.take(connection.hasRoom ? Self.batch : 0, for: ticket)
        for message in batch.messages { send(message, on: connection) }
        if let points = batch.resumePoints { return disconnect(points, connection) }
        guard !batch.messages.isEmpty, batch.messages.count == Self.batch, connection.hasRoom else { return }
        let client = NIOLoopBound(self, eventLoop: connection.eventLoop)
        connection.eventLoop.execute { client.value.pump(connection) }
    }

    private func beat(_ connection: WebSocketConnection) {
        let seconds = Double(heartbeat.nanoseconds) / 1e9
        send(HeartbeatMessage(uptimeSeconds: uptime(), intervalSeconds: seconds).encoded, on: connection)
        pump(connection)
    }

    private func send(_ message: EncodedMessage, on connection: WebSocketConnection) {
        connection.send(text: message.enveloped(timestamp: Date().timeIntervalSince1970, clientID: clientID))
    }

    private func tell(_ error: SpeechError, on connection: WebSocketConnection) {
        send(ErrorMessage(error).encoded, on: connection)
    }

    private func refuseMessage(on connection: WebSocketConnection) {
        guard connection.isWritable else { return }
        tell(
            SpeechError(
                .unexpectedMessage, "This stream is only read: what a subscriber sends is ignored.",
                advice: "Choose with the query of the URL; send audio to /v1/asr/stream."), on: connection)
    }

    private func disconnect(_ resumePoints: [SessionID: Int], _ connection: WebSocketConnection) {
        let points = resumePoints.sorted { $0.key.description < $1.key.description }.prefix(8)
        let places = points.map { "session=\($0.key)&from_sequence=\($0.value)" }.joined(separator: " or ")
        tell(
            SpeechError(
                .slowReader, "Messages come faster than this client reads them.",
                advice: "Connect again\(places.isEmpty ? "" : " with \(places)")."), on: connection)
        connection.close(code: 1013, reason: ErrorCode.slowReader.rawValue)
    }
}

/// Rings at a connection from another thread.
private final class Bell: FeedSubscriber {
    private let connection: WebSocketConnection
    private let client: NIOLoopBound<FeedConnection>

    init(_ connection: WebSocketConnection, _ client: FeedConnection) {
        self.connection = connection
        self.client = NIOLoopBound(client, eventLoop: connection.eventLoop)
    }

    func feedHasMessages() {
        connection.eventLoop.execute { [client, connection] in client.value.pump(connection) }
    }
}
