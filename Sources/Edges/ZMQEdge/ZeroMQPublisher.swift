public import SpeechModel

/// Publishes two-part messages `[topic, body]` on one address, from any thread and without ever waiting.
///
/// A bounded queue stands in front of ZeroMQ. A thread of its own takes everything that is queued and gives it to ZeroMQ,
/// which keeps up to ``ZeroMQSettings/highWaterMark`` messages for each subscriber; a subscriber that does not read loses its
/// newest ones beyond that and holds up nobody else. When our own queue is full, its oldest message is dropped and counted:
/// what is newest matters most, and a subscriber can fetch a missing transcript by its number.
///
/// The life of a publisher: making it binds the address, ``start(threadName:)`` begins to send (what was published before
/// waits in the queue), ``stop()`` sends what is queued and closes.
///
/// ``` swift
/// let publisher = try ZeroMQPublisher(.transcripts(host: "127.0.0.1", port: 6553))
/// publisher.start()
/// publisher.publish(topic: Array("transcript.en".utf8), body: json)
/// await publisher.stop()
/// ```
public final class ZeroMQPublisher: Sendable {
    /// The address with the port that was really taken, `tcp://127.0.0.1:6553`.
    public let endpoint: String
    /// The port that was really taken.
    public let port: Int
    /// What subscribers need when the stream is encrypted, in Z85.
    public let publicKey: String?
    private let loop: PublisherLoop

    /// Binds the address.
    ///
    /// - Parameter maySend: asked before messages are given to ZeroMQ; while it says no, they wait.
    /// - Throws: ``SpeechError`` with `port-in-use` or `invalid-configuration`.
    public init(_ settings: ZeroMQSettings, maySend: @escaping @Sendable () -> Bool = { true }) throws(SpeechError) {
        let socket = try PublisherSocket(settings)
        endpoint = socket.endpoint
        port = socket.endpoint.split(separator: ":").last.flatMap { Int($0) } ?? settings.port
        publicKey = settings.secretKey?.publicKey
        loop = try PublisherLoop(socket: socket, queueCapacity: settings.queueCapacity, maySend: maySend)
    }

    deinit { loop.beginStop() }

    /// Starts the thread. Later calls do nothing.
    ///
    /// - Parameter threadName: as `top -H` shows it; 15 bytes are kept.
    public func start(threadName: String = "zmq-publisher") { loop.start(threadName: threadName) }

    /// Queues a message. Never waits; callable from any thread, and messages of one thread keep their order.
    ///
    /// After ``stop()`` began the message is dropped and counted.
    public func publish(topic: [UInt8], body: [UInt8]) { loop.publish(TopicMessage(topic: topic, body: body)) }

    /// Forgets what waits, because it is not to be sent any more.
    public func discardQueued() { loop.discardQueued() }

    /// What was done so far.
    public var counters: PublisherCounters { loop.counters }

    /// Waits until somebody is subscribed, because ZeroMQ drops what is published before.
    ///
    /// - Parameters:
    ///   - topic: what has to be subscribed to; empty for anything.
    ///   - timeout: the longest wait.
    /// - Returns: true when what is published from now on reaches a subscriber; false when the time was over, the task was
    ///   cancelled, or the publisher is not running.
    public func hasSubscriber(to topic: [UInt8] = [], within timeout: Duration) async -> Bool {
        await loop.hasSubscriber(to: topic, within: timeout)
    }

    /// Sends what is queued, waits up to ``ZeroMQSettings/lingerMS`` for subscribers to take it, and frees the address.
    public func stop() async { await loop.stop() }
}
