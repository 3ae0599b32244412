/// What a publisher has done since it was made. All but the last two only grow.
public struct PublisherCounters: Sendable, Equatable {
    /// Messages handed to ZeroMQ. It drops without telling what a subscriber past its high-water mark, or nobody, wanted.
    public var published = 0
    /// Bytes of those messages, topics included.
    public var bytes = 0
    /// Messages dropped from our own queue because it was full, or given after the stop began.
    public var dropped = 0
    /// Subscribers that connected and were let in.
    public var subscribersJoined = 0
    /// Subscribers of those that went.
    public var subscribersLeft = 0
    /// Connections that were not let in: another key, no key, or no ZeroMQ at all.
    public var connectionsRefused = 0
    /// Topics (prefixes) that somebody is subscribed to, at the moment; ``maxTopics`` at most are counted.
    public var subscribedTopics = 0
    /// Messages that wait in our own queue, at the moment.
    public var queued = 0

    /// Topics that are told apart.
    public static let maxTopics = 4096
}
