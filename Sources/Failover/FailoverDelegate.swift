/// Who is told that the node leads, or does not any more.
///
/// Called on the node's own thread, one after the other; must be quick. A node begins as a standby, which is not told.
public protocol FailoverDelegate<State>: Sendable {
    associatedtype State: ReplicatedState
    /// It may publish from now on, while ``FailoverNode/mayPublish`` holds.
    ///
    /// - Parameters:
    ///   - term: the number of its reign.
    ///   - state: everything that was replicated; empty when this is a cold start.
    func becamePrimary(term: Int, state: State)
    /// It must not publish any more, and drops all sessions. What was offered and is not safe yet never will be.
    func becameStandby()
    /// Something that an operator wants to know: for the log, a metric and `failover` events.
    func incident(_ incident: FailoverIncident)
}
