import Ports
import SpeechModel
import SpeechPipeline

/// What other threads put into a session before its lane takes it out: audio, the recogniser's answers, comings and goings. Used behind
/// a lock.
struct SessionInbox {
    /// Audio that may wait: more makes the connection stop reading.
    private static let seconds = 4

    /// Somebody came or went.
    enum Control {
        case attach(any SessionListener, lastSequence: Int?)
        case detach(connection: Int)
        case source(SourceNews)
        case end(serverStops: Bool)
        /// What has this number in the outbox outlives this server.
        case safe(Int)
        /// The session is no longer this server's.
        case abandon(SpeechError)
        /// The client stayed away for too long.
        case expire
    }

    /// What the recogniser said, and when.
    struct Answer {
        let key: UtteranceKey
        let update: RecognitionUpdate
        let at: UInt64
    }

    /// What is waiting for the lane.
    struct Delivery {
        var audio: [UInt8] = []
        /// When the newest of it arrived: the last portion is what the hand-over needed.
        var arrived: UInt64 = 0
        /// A cut connection left the beginning of a sample behind.
        var mustDropPartialSample = false
        /// Whoever sends was told that there is no room.
        var wasFull = false
        var answers: [Answer] = []
        var controls: [Control] = []
    }

    private let bytesPerFrame: Int
    private let limit: Int
    private let windowBytes: Int
    private var waiting = Delivery()
    /// Bytes taken from all connections; what the current one sends again is not counted.
    private var received: Int
    /// Bytes that the current connection is about to send again.
    private var overlap = 0
    private(set) var connection = 0
    /// Of the current connection; nil while there is none.
    private(set) var listener: (any SessionListener)?
    private var isQueued = false
    private var isOver = false

    /// - Parameter firstSample: the first that is expected, at the client's rate.
    init(format: AudioFormat, firstSample: Int = 0) {
        bytesPerFrame = format.bytesPerFrame
        received = firstSample * format.bytesPerFrame
        limit = format.sampleRate * format.bytesPerFrame * Self.seconds
        windowBytes = format.sampleRate * format.bytesPerFrame * VoiceActivityWindow.milliseconds / 1000
    }

    /// How full it is, 0–1.
    var utilization: Double { min(1, Double(waiting.audio.count) / Double(limit)) }

    /// Whether the lane has to be woken: only the first who asks must do it.
    mutating func queue() -> Bool {
        defer { isQueued = true }
        return !isQueued
    }

    /// Empties it; `audio` is storage that is used again.
    mutating func takeAll(reusing audio: consuming [UInt8]) -> Delivery {
        isQueued = false
        var delivery = Delivery(audio: audio)
        delivery.audio.removeAll(keepingCapacity: true)
        swap(&delivery, &waiting)
        return delivery
    }

    /// A new connection.
    mutating func attach(_ listener: any SessionListener, lastSequence: Int?) -> Int {
        connection += 1
        self.listener = listener
        waiting.controls.append(.attach(listener, lastSequence: lastSequence))
        overlap = 0
        // The rest of a cut sample will not come: the new connection begins with a whole one.
        let partial = received % bytesPerFrame
        received -= partial
        if waiting.audio.count >= partial {
            waiting.audio.removeLast(partial)
        } else {
            waiting.audio = []
            waiting.mustDropPartialSample = true
        }
        return connection
    }

    mutating func add(_ control: Control) {
        if case .detach(connection: connection) = control { listener = nil }
        waiting.controls.append(control)
    }

    mutating func add(_ answer: Answer) { waiting.answers.append(answer) }

    /// Nothing more is taken.
    mutating func close() { isOver = true }

    /// The audio that `connection` sends next begins at `sample`.
    mutating func goOn(at sample: Int, from connection: Int) throws(SpeechError) {
        guard connection == self.connection else { return }
        let known = received / bytesPerFrame
        overlap = max(0, received - sample * bytesPerFrame)
        guard sample > known else { return }
        throw SpeechError(
            .resumeGap, "The audio goes on at sample \(sample), but \(sample - known) samples before it never came.",
            advice: "Send from sample \(known), as `resumed` said; or start a new session.")
    }

    /// Takes audio, that of an older connection not.
    ///
    /// - Returns: whether there is room for more, and whether a detector window became complete, for which the lane is woken: the hop
    ///   between threads costs more than the work.
    mutating func take(_ bytes: UnsafeRawBufferPointer, from connection: Int, at time: UInt64) -> (hasRoom: Bool, wakes: Bool) {
        guard connection == self.connection, !isOver else { return (true, false) }
        let known = min(overlap, bytes.count)
        overlap -= known
        let windowsBefore = received / windowBytes
        received += bytes.count - known
        waiting.audio.append(contentsOf: bytes[known...])
        waiting.arrived = time
        waiting.wasFull = waiting.audio.count >= limit
        return (!waiting.wasFull, received / windowBytes > windowsBefore)
    }
}
