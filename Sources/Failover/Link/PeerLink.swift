/// Carries frames between the two nodes, in order, authenticated. It may lose them (whoever receives notices by their numbers).
public protocol PeerLink: Sendable {
    /// Begins. `receive` is called on the link's own thread, one frame at a time; so is `refused` when somebody without the key of the pair
    /// was turned away.
    func start(receive: @escaping @Sendable ([UInt8]) -> Void, refused: @escaping @Sendable () -> Void)
    /// Sends a frame, from any thread and without waiting; one that finds no room or no connection is lost.
    func send(_ frame: [UInt8])
    /// Sends what it still can within a moment, and ends; nothing is received afterwards.
    func stop() async
}

extension PeerLink {
    /// Begins, for somebody who does not care who is turned away.
    public func start(receive: @escaping @Sendable ([UInt8]) -> Void) { start(receive: receive, refused: {}) }
}
