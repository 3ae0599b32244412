/// Where one stream of messages is published, and how much of it is kept for readers that are slow.
public struct ZeroMQSettings: Sendable {
    /// An IPv4 or IPv6 address without brackets, `localhost`, or a network interface's name.
    public var host: String
    /// 1–65535, or 0 for any free port.
    public var port: Int
    /// Messages that ZeroMQ keeps for one subscriber that does not read. Past it the newest of *that* subscriber are dropped.
    public var highWaterMark: Int
    /// Messages that wait in front of ZeroMQ. Past it the oldest is dropped and counted; at least 1.
    public var queueCapacity: Int
    /// Milliseconds that ``ZeroMQPublisher/stop()`` waits for subscribers to take what was sent to them.
    public var lingerMS: Int
    /// Encrypts everything, for subscribers that know the public key of this secret one; nil for plain text.
    public var secretKey: CurveSecretKey?

    /// Describes a stream.
    ///
    /// - Parameter queueCapacity: twice the high-water mark when left out.
    public init(
        host: String, port: Int, highWaterMark: Int, queueCapacity: Int? = nil, lingerMS: Int = 1000,
        secretKey: CurveSecretKey? = nil
    ) {
        self.host = host
        self.port = port
        self.highWaterMark = highWaterMark
        self.queueCapacity = queueCapacity ?? 2 * highWaterMark
        self.lingerMS = lingerMS
        self.secretKey = secretKey
    }

    /// What happens in the pipeline: high-water mark 1000.
    public static func events(host: String, port: Int, secretKey: CurveSecretKey? = nil) -> ZeroMQSettings {
        ZeroMQSettings(host: host, port: port, highWaterMark: 1000, secretKey: secretKey)
    }

    /// What was said: high-water mark 10,000.
    public static func transcripts(host: String, port: Int, secretKey: CurveSecretKey? = nil) -> ZeroMQSettings {
        ZeroMQSettings(host: host, port: port, highWaterMark: 10_000, secretKey: secretKey)
    }
}
