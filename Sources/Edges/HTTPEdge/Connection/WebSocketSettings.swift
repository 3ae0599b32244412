/// What all WebSocket connections of a listener share. One object, so that a connection holds one reference.
public final class WebSocketSettings: Sendable {
    let endpoint: any WebSocketEndpoint
    let access: AccessGuard
    let limits: WebSocketLimits
    let metrics: WebSocketMetrics
    let count: ConnectionCount

    /// WebSocket connections at the moment.
    public var connectionCount: Int { count.current }

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - endpoint: decides which requests are upgraded.
    ///   - access: who may; the same as in the ``AccessMiddleware``.
    ///   - limits: sizes, times and counts.
    ///   - metrics: who counts what happens.
    public init(
        endpoint: any WebSocketEndpoint, access: AccessGuard, limits: WebSocketLimits = WebSocketLimits(),
        metrics: WebSocketMetrics = WebSocketMetrics()
    ) {
        self.endpoint = endpoint
        self.access = access
        self.limits = limits
        self.metrics = metrics
        count = ConnectionCount(total: limits.maxConnections, perAddress: limits.maxConnectionsPerAddress)
    }
}
