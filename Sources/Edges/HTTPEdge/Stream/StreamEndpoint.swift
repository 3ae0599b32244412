public import Application
import NIOCore
import SpeechModel
import SpeechPipeline
import Synchronization
import WireProtocol

/// `WS /v1/asr/stream`: live audio in, partial and final results out.
public struct StreamEndpoint: WebSocketEndpoint {
    /// Where the stream is served.
    public static let path = "/v1/asr/stream"
    private let registry: SessionRegistry

    /// Makes the endpoint.
    public init(registry: SessionRegistry) {
        self.registry = registry
    }

    public func decide(_ request: UpgradeRequest) -> UpgradeDecision? {
        guard request.path == Self.path else { return nil }
        let handler = StreamHandler(registry: registry)
        // The same fields as in `start` may stand in the query: the session then begins with the connection.
        if let rate = request.query["sample_rate"] {
            guard let rate = Int(rate) else {
                return .refuse(
                    SpeechError(
                        .invalidParameter, "sample_rate in the query is not a whole number.",
                        advice: "Give Hz, for instance 16000."))
            }
            if let refusal = registry.refusal { return .refuse(refusal) }
            let channels = request.query["channels"].map { Int($0) ?? 0 }
            let wakeWord = request.query["wake_word"].map { Bool($0) }
            guard wakeWord != .some(nil) else {
                return .refuse(
                    SpeechError(
                        .invalidParameter, "wake_word in the query is neither true nor false.", advice: "Give one of them."))
            }
            handler.startAtOnce = StreamStart(
                sampleRate: rate, channels: channels, encoding: request.query["encoding"], language: request.query["language"],
                model: request.query["model"], wakeWord: wakeWord ?? nil)
        }
        return .accept(handler)
    }
}

/// One connection of the live stream. Lives on its event loop; the session lives on its lane.
private final class StreamHandler: WebSocketHandler {
    private let registry: SessionRegistry
    var startAtOnce: StreamStart?
    private var session: LiveSession?
    private var number = 0
    private var hasEnded = false
    /// The server is stopping: what the client still sends is ignored, it will send it again elsewhere.
    private var isDraining = false

    init(registry: SessionRegistry) { self.registry = registry }

    func opened(_ connection: WebSocketConnection) {
        if let startAtOnce { attempt(on: connection) { try start(startAtOnce, on: connection) } }
    }

    func received(text: String, on connection: WebSocketConnection) {
        attempt(on: connection) {
            switch try ClientStreamMessage(json: text) {
            case .start(let start): try self.start(start, on: connection)
            case .resume(let resume): try self.resume(resume, on: connection)
            case .position(let sample):
                guard let session else { throw Self.unexpected("`position`") }
                try session.goOn(at: sample, from: self.number)
            case .frame(let bytes): try bytes.withUnsafeBytes { try take($0, on: connection) }
            case .end:
                guard let session else { throw Self.unexpected("`end`") }
                guard !hasEnded else { return }
                hasEnded = true
                session.end()
            }
        }
    }

    func received(binary: ByteBuffer, on connection: WebSocketConnection) {
        attempt(on: connection) { try binary.withUnsafeReadableBytes { try take($0, on: connection) } }
    }

    func drain(_ connection: WebSocketConnection) {
        // SIGTERM: what was said so far becomes final; `ended` closes the connection.
        guard let session else { return connection.close(code: 1001, reason: "shutting-down") }
        isDraining = true
        session.end(serverStops: true)
    }

    func closed(code: Int) { session?.detach(number) }

    private func start(_ start: StreamStart, on connection: WebSocketConnection) throws {
        guard session == nil else {
            throw SpeechError(.unexpectedMessage, "`start` came twice.", advice: "Open one connection for each session.")
        }
        guard let encoding = AudioFormat.Encoding(rawValue: start.encoding ?? AudioFormat.Encoding.int16.rawValue) else {
            throw SpeechError(
                .unsupportedAudio, "The encoding \(start.encoding ?? "") is not known.", advice: "Use pcm_s16le or pcm_f32le.")
        }
        let format = try AudioFormat(sampleRate: start.sampleRate ?? 16_000, channels: start.channels ?? 1, encoding: encoding)
        let session = try registry.create(
            format: format, language: start.language, model: start.model, needsWaking: start.wakeWord)
        self.session = session
        number = session.attach(Subscriber(connection, session: session))
    }

    private func resume(_ resume: StreamResume, on connection: WebSocketConnection) throws {
        guard session == nil else {
            throw SpeechError(.unexpectedMessage, "`start` came twice.", advice: "Open one connection for each session.")
        }
        let session = try registry.find(resume.sessionID, token: resume.token)
        self.session = session
        number = session.attach(Subscriber(connection, session: session), lastSequence: resume.lastSequence)
    }

    private func take(_ bytes: UnsafeRawBufferPointer, on connection: WebSocketConnection) throws {
        guard let session else { throw Self.unexpected("audio") }
        guard !isDraining else { return }
        guard !hasEnded else {
            throw SpeechError(.unexpectedMessage, "Audio came after `end`.", advice: "Open a new connection for more audio.")
        }
        if !session.ingest(bytes, from: number) { connection.pauseReading() }
    }

    private static func unexpected(_ what: String) -> SpeechError {
        SpeechError(
            .unexpectedMessage, "\(what) came before `start`.", advice: "Send {\"type\":\"start\",\"sample_rate\":16000} first.")
    }

    /// A client's mistake is told and ends its connection, never its neighbours'.
    private func attempt(on connection: WebSocketConnection, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            let error =
                error as? SpeechError
                ?? SpeechError(.internalError, "The server failed.", advice: "Try again.", underlying: error)
            refuse(error, on: connection)
        }
    }
}

/// Tells, and closes with 1013 when trying again can help, else with 1008.
private func refuse(_ error: SpeechError, on connection: WebSocketConnection) {
    connection.send(text: ServerStreamMessage.error(error).json)
    connection.close(code: error.isRetryable ? 1013 : 1008, reason: error.code.rawValue)
}

/// Encodes a session's events on its lane, and writes them on the connection's event loop.
private final class Subscriber: SessionListener {
    private let connection: WebSocketConnection
    private let ack: StreamAck
    private var audioID: String { ack.audioID }
    private let countPublication: @Sendable (UInt64) -> Void
    /// Finals so far, which is the index of the segment that partials are about.
    private let finals = Atomic<Int>(0)

    init(_ connection: WebSocketConnection, session: LiveSession) {
        self.connection = connection
        ack = StreamAck(audioID: session.audioID.description, sessionID: session.id, resumeToken: session.resumeToken)
        countPublication = session.countPublication
    }

    func session(_ event: SessionEvent) {
        let connection = connection
        switch event {
        case .began: write(.ack(ack))
        case .transcript(.partial(let result), let since):
            let index = finals.load(ordering: .relaxed)
            write(.partial(StreamPartial(audioID: audioID, index: index, result)), droppable: true, since: since)
        case .transcript(.final(let result), let since):
            finals.store(result.sequence, ordering: .relaxed)
            write(.final(StreamFinal(audioID: audioID, result)), since: since)
        case .transcript(.finalised(let sample), _): write(.finalised(throughSample: sample))
        case .transcript(.failed(let error), _): write(.error(error))
        case .resumed(let next, let last): write(.resumed(nextSample: next, lastSequence: last))
        case .hasRoom: connection.eventLoop.execute { connection.resumeReading() }
        case .replaced:
            let error = SpeechError(
                .sessionReplaced, "A newer connection resumed this session.", advice: "Nothing to do, if that was you.")
            connection.eventLoop.execute { refuse(error, on: connection) }
        case .broken(let error): connection.eventLoop.execute { refuse(error, on: connection) }
        case .ended(let last):
            write(.ended(lastSequence: last))
            connection.eventLoop.execute { connection.close(code: 1000, reason: "ended") }
        }
    }

    private func write(_ message: ServerStreamMessage, droppable: Bool = false, since: UInt64? = nil) {
        let text = message.json
        let connection = connection
        let countPublication = countPublication
        connection.eventLoop.execute {
            connection.send(text: text, droppable: droppable)
            if let since { countPublication(since) }
        }
    }
}
