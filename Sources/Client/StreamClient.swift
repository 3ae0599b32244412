import NIOCore
public import SpeechModel
import WireProtocol

/// Sends live audio to a server and receives what was said, and goes on where it was when the connection breaks.
///
/// One task sends (``send(_:)``, at last ``end()``) while another reads ``events``; the connection is opened, kept and reopened by
/// reading them. Audio is kept until the server says that it is finalised, and sent again from where the server asks.
public actor StreamClient {
    /// What to connect to, and how patiently.
    public struct Configuration: Sendable {
        /// The server's live stream, usually `ws://…/v1/asr/stream`; with a standby the primary's first, then the standby's.
        public var urls: [ServerURL]
        /// The bearer token, if the server wants one.
        public var token: Sensitive<String>?
        /// Samples per second and channel.
        public var sampleRate = 16_000
        /// 1 or 2.
        public var channels = 1
        /// `pcm_s16le` or `pcm_f32le`.
        public var encoding = "pcm_s16le"
        /// ISO 639-1; the server's default if `nil`.
        public var language: String?
        /// Whether nothing is to be recognised before the wake word; the server's default if `nil`.
        public var wakeWord: Bool?
        /// Audio that is kept at most; ``StreamClient/send(_:)`` waits when the server does not finalise it.
        public var maxKeptSeconds = 120
        /// Attempts in a row before a lost connection is given up: 15 are 50 s, as long as a server remembers a session.
        public var maxAttempts = 15

        /// Describes 16 kHz mono of 16 bits.
        ///
        /// - Parameter urls: one or more.
        public init(urls: [ServerURL], token: Sensitive<String>? = nil) {
            precondition(!urls.isEmpty, "a client has a server")
            self.urls = urls
            self.token = token
        }

        /// How long a server may say nothing: of two, the other may have taken over, so that it is worth asking soon.
        fileprivate var silence: TimeAmount { urls.count > 1 ? .milliseconds(750) : .seconds(60) }

        /// 0.1, 0.2, 0.4 … 5 s: at once when a connection drops, gently when a server restarts. Of two servers one takes over within a
        /// second, so in the first two the next one is asked every 50 ms.
        fileprivate func delay(attempt: Int) -> Double {
            let late = urls.count > 1 ? attempt - quickAttempts : attempt
            return late > 0 ? min(5, 0.1 * Double(1 << min(late - 1, 6))) : 0.05
        }

        fileprivate var quickAttempts: Int { urls.count > 1 ? 40 : 0 }

        fileprivate var bytesPerSample: Int { channels * (encoding == "pcm_f32le" ? 4 : 2) }
    }

    private enum Link {
        case down
        case open(WebSocketClient)
        case finished
    }

    private let configuration: Configuration
    private let sleep: @Sendable (Duration) async throws -> Void
    private var link = Link.down
    /// The index of the address that is connected to.
    private var server = 0
    /// Attempts to connect since the server last accepted a session; 0 is the first connection of all, which is not repeated.
    private var attempts = 0
    private var kept: KeptAudio
    private var session: StreamAck?
    private var lastSequence = 0
    /// The next sample to send; `nil` until the server has said.
    private var position: Int?
    /// The connection resumed a session and has not yet said where its audio begins.
    private var mustSayPosition = false
    private var isSending = false
    private var isEnding = false
    private var endIsSent = false
    /// The last error that the server named on this connection, which explains why it closes.
    private var lastError: SpeechError?
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Makes a client; nothing happens before ``events`` is read.
    ///
    /// - Parameter sleep: waits between attempts.
    public init(
        _ configuration: Configuration,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.configuration = configuration
        self.sleep = sleep
        kept = KeptAudio(bytesPerSample: configuration.bytesPerSample)
    }

    // MARK: - Sending

    /// Sends audio, or keeps it for when the connection is back. Waits for a slow connection, and when too much is kept.
    public func send(_ audio: some Sequence<UInt8> & Sendable) async {
        kept.append(audio, arrival: .now)
        await sendKept()
        while isTooMuchKept, !Task.isCancelled {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    /// Says that no more audio comes; ``StreamEvent/ended(lastSequence:)`` follows the last final.
    public func end() async {
        isEnding = true
        await sendKept()
    }

    /// Gives up at once; ``events`` ends.
    public func cancel() { finish() }

    private var isTooMuchKept: Bool {
        if case .finished = link { return false }
        return kept.byteCount > configuration.maxKeptSeconds * configuration.sampleRate * configuration.bytesPerSample
    }

    private func wakeSenders() {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    /// Sends what is kept and not sent yet, one caller at a time; the others' audio goes along.
    private func sendKept() async {
        guard !isSending else { return }
        isSending = true
        defer { isSending = false }
        while case .open(let socket) = link, let position {
            do {
                if mustSayPosition {
                    mustSayPosition = false
                    try await socket.send(text: ClientStreamMessage.position(sample: position).json)
                } else if let audio = kept.audio(from: position) {
                    // Noted first: while this waits, a new connection may set it anew.
                    self.position = position + audio.count / configuration.bytesPerSample
                    try await socket.send(binary: ByteBuffer(bytes: audio))
                } else if isEnding, !endIsSent {
                    endIsSent = true
                    try await socket.send(text: ClientStreamMessage.end.json)
                } else {
                    return
                }
            } catch {
                // Whoever reads the events learns why. If that has reconnected meanwhile, this goes on there.
                guard case .open(let current) = link, current !== socket else { return }
            }
        }
    }

    // MARK: - Receiving

    /// Everything that happens, in order, up to ``StreamEvent/ended(lastSequence:)`` or ``StreamEvent/failed(_:)``; for one reader.
    public nonisolated var events: Events { Events(client: self) }

    /// The events of a client.
    public struct Events: AsyncSequence, AsyncIteratorProtocol, Sendable {
        fileprivate let client: StreamClient
        public func makeAsyncIterator() -> Events { self }
        public mutating func next() async -> StreamEvent? { await client.next() }
    }

    private func next() async -> StreamEvent? {
        while !Task.isCancelled {
            switch link {
            case .finished: return nil
            case .down:
                if let event = await connect() { return event }
            case .open(let socket):
                guard let message = await socket.receive() else { continue }
                guard case .open = link else { continue }  // cancelled meanwhile
                if let event = await receive(message, from: socket) { return event }
            }
        }
        return nil
    }

    /// Opens a connection and says which session it is for.
    private func connect() async -> StreamEvent? {
        do {
            if attempts > 0 {
                do { try await sleep(.seconds(configuration.delay(attempt: attempts))) } catch { return nil }
            }
            let silence = configuration.silence
            let socket = try await WebSocketClient.connect(
                to: configuration.urls[server], token: configuration.token, timeout: min(silence, .seconds(10)),
                silence: silence)
            position = nil
            endIsSent = false
            lastError = nil
            try await socket.send(text: greeting.json)
            guard case .down = link else { return nil }  // cancelled meanwhile
            link = .open(socket)
            return nil
        } catch {
            guard case .down = link else { return nil }
            let mayTryAgain = attempts > 0 || configuration.urls.count > 1
            return mayTryAgain && error.isRetryable ? reconnect(error) : fail(error)
        }
    }

    private var greeting: ClientStreamMessage {
        if let session {
            return .resume(StreamResume(sessionID: session.sessionID, token: session.resumeToken, lastSequence: lastSequence))
        }
        return .start(
            StreamStart(
                sampleRate: configuration.sampleRate, channels: configuration.channels, encoding: configuration.encoding,
                language: configuration.language, wakeWord: configuration.wakeWord))
    }

    private func receive(_ message: WebSocketMessage, from socket: WebSocketClient) async -> StreamEvent? {
        switch message {
        case .binary: return nil
        case .closed(let code, let reason): return lost(code: code, reason: reason)
        case .text(let json):
            do {
                return try receive(ServerStreamMessage(json: json))
            } catch {
                return fail(error)
            }
        }
    }

    private func receive(_ message: ServerStreamMessage) throws(SpeechError) -> StreamEvent? {
        switch message {
        case .ack(let ack):
            session = ack
            mustSayPosition = false
            begin(at: kept.start)
            return .ready(ack)
        case .resumed(let nextSample, let lastSequence):
            guard nextSample >= kept.start else {
                throw SpeechError(
                    .resumeGap, "The server asks for audio that it had finalised.",
                    advice: "Start a new stream and report this defect.")
            }
            mustSayPosition = true
            begin(at: nextSample)
            return .resumed(nextSample: nextSample, lastSequence: lastSequence)
        case .partial(let partial): return .partial(partial)
        case .final(let final):
            guard final.result.sequence > lastSequence else { return nil }  // sent again after a takeover
            lastSequence = final.result.sequence
            let lastSample = final.result.endMS * configuration.sampleRate / 1000 - 1
            return .final(final, delay: kept.arrival(of: lastSample).map { $0.duration(to: .now) })
        case .finalised(let throughSample):
            kept.drop(before: throughSample)
            wakeSenders()
            return nil
        case .error(let code, let message):
            return receive(
                SpeechError(ErrorCode(rawValue: code) ?? .internalError, "The server reports `\(code)`:", advice: message))
        case .ended(let lastSequence):
            finish()
            return .ended(lastSequence: lastSequence)
        }
    }

    private func receive(_ error: SpeechError) -> StreamEvent? {
        if error.code == .sessionUnknown, session != nil, position == nil {
            session = nil
            lastSequence = 0
            attempts = max(attempts, 1)
            link = .down
            return .restarted(firstSample: kept.restart())
        }
        lastError = error
        // The next address is tried; nobody need hear of it.
        return error.code == .notPrimary ? nil : .problem(error)
    }

    /// Starts sending from a sample on. In a task of its own, because what is kept may take long to send and results come meanwhile.
    private func begin(at sample: Int) {
        attempts = 0
        position = sample
        Task { await sendKept() }
    }

    private func lost(code: Int, reason: String) -> StreamEvent? {
        let isOurFault = [1002, 1003, 1007, 1008, 1009].contains(code)
        let cause =
            lastError
            ?? SpeechError(
                isOurFault ? .malformedMessage : .connectionFailed,
                "The server closed the connection (\(code)\(reason.isEmpty ? "" : " " + reason)).",
                advice: isOurFault ? "Report this defect of the client." : "The stream goes on when it is back.")
        return cause.isRetryable ? reconnect(cause) : fail(cause)
    }

    private func reconnect(_ cause: SpeechError) -> StreamEvent {
        guard attempts < configuration.maxAttempts + configuration.quickAttempts else { return fail(cause) }
        attempts += 1
        server = (server + 1) % configuration.urls.count
        link = .down
        position = nil
        return .reconnecting(attempt: attempts, cause: cause)
    }

    private func fail(_ error: SpeechError) -> StreamEvent {
        finish()
        return .failed(error)
    }

    private func finish() {
        if case .open(let socket) = link { Task { await socket.close() } }
        link = .finished
        wakeSenders()
    }
}
