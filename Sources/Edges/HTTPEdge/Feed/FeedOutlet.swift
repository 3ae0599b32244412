import WireProtocol

/// A place where the feed is published beside `/stream`, and what has become of what was given to it.
public struct FeedOutlet: Sendable {
    public var name: StaticString
    public var endpoint: String
    public var published: Int
    public var bytes: Int
    /// Dropped because our own queue in front was full.
    public var dropped: Int
    public var queued: Int
    public var subscribersJoined: Int
    public var subscribersLeft: Int
    /// Connections that were not let in.
    public var connectionsRefused: Int

    /// Describes a place.
    public init(
        name: StaticString, endpoint: String, published: Int, bytes: Int, dropped: Int, queued: Int, subscribersJoined: Int,
        subscribersLeft: Int, connectionsRefused: Int
    ) {
        self.name = name
        self.endpoint = endpoint
        self.published = published
        self.bytes = bytes
        self.dropped = dropped
        self.queued = queued
        self.subscribersJoined = subscribersJoined
        self.subscribersLeft = subscribersLeft
        self.connectionsRefused = connectionsRefused
    }

    func write(to json: inout JSONText) {
        json.field("endpoint", endpoint)
        json.field("published", published)
        json.field("bytes", bytes)
        json.field("dropped", dropped)
        json.field("queued", queued)
        json.field("subscribers", subscribersJoined - subscribersLeft)
        json.field("connections_refused", connectionsRefused)
    }
}
