import Application
import Dispatch
import Failover
import Foundation
import Lanes
import Logging
import MynahConfiguration
import PipelineFeed
import SessionMirror
import SpeechModel
import Synchronization
import WireProtocol
import ZMQEdge

/// This server and the other one that mirrors it, or that it mirrors: one of the two answers.
final class ServerPair: Reign, Replication {
    /// What a server does when its role changes. Called one after the other, on a queue of their own.
    struct Duties: Sendable {
        /// Its reign begins: `sessions` is everything that the one before replicated.
        var lead: @Sendable (_ term: Int, _ sessions: ReplicatedSessions) -> Void
        /// Its reign is over, whether it knew before or not.
        var follow: @Sendable () -> Void
        /// Something that an operator wants to know.
        var tell: @Sendable (FailoverIncident) -> Void
    }

    /// What clients of the server that does not answer are told.
    static let notPrimary = SpeechError(
        .notPrimary, "This server is the standby at the moment.",
        advice: "Connect to the other server; a client that was given both addresses does so by itself.")

    private let node: FailoverNode<ReplicatedSessions>
    private let delegate: Delegate

    /// Makes the pair that is configured; nil for a server by itself. Nothing happens before ``start(_:)``.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration``, ``ErrorCode/unreadableFile``, ``ErrorCode/portInUse``.
    init?(_ settings: Settings.Failover, version: String, model: String) throws(SpeechError) {
        // A peer without a key is a fault of the configuration.
        guard let peer = settings.peer, let file = settings.keyFile else { return nil }
        let key = try CurveSecretKey(file: file)
        let name: NodeName = settings.role == .primary ? .primary : .standby
        let arbiter: any Arbiter
        if let witness = settings.witness {
            arbiter = try WitnessClient("\(witness)", key: key)
        } else {
            // Below a folder for data that nothing was kept in so far. What goes wrong is told by the next line.
            let parent = (settings.leaseDirectory as NSString).deletingLastPathComponent
            if !parent.isEmpty { try? FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true) }
            arbiter = try LeaseFile(directory: settings.leaseDirectory)
        }
        let link: ZeroMQLink
        do throws(SpeechError) {
            link = try ZeroMQLink(listen: "\(settings.listen)", peer: "\(peer)", key: key)
        } catch {
            throw SpeechError(
                error.code, "failover.listen: \(error.message)", advice: error.advice, underlying: error.underlying)
        }
        delegate = Delegate()
        node = FailoverNode(
            settings: FailoverSettings(name: name, version: version, model: model), arbiter: arbiter, link: link,
            delegate: delegate)
    }

    /// Begins as a follower; `duties` says what that and its opposite mean.
    func start(_ duties: Duties) {
        delegate.duties.withLock { $0 = duties }
        node.start()
    }

    /// What this server is at the moment, whatever it is configured as.
    var role: PipelineRole { node.status.role == .primary ? .primary : .standby }

    /// How the two stand.
    var status: FailoverStatus { node.status }

    // MARK: - Reign

    var term: Int { max(1, node.status.term) }
    var mayPublish: Bool { node.mayPublish }

    // MARK: - Replication

    func replicate(_ record: SessionRecord, whenSafe: @escaping @Sendable () -> Void) {
        node.offer(record.encoded, whenSafe: whenSafe)
    }

    // MARK: - Hand-over

    /// Lets the other server answer; on a standby, lets this one.
    ///
    /// - Returns: the new term.
    func handOver(isForced: Bool = false) async throws(SpeechError) -> Int { try await node.handOver(force: isForced) }

    /// The server stops. First the other one takes over, if it has everything: whoever is being heard goes on there.
    func yield() async {
        guard node.status.role == .primary, node.status.isInSync else { return }
        _ = try? await node.handOver()
        delegate.settle()
    }

    /// Ends the link and the lease.
    func stop() async { await node.stop() }

    private final class Delegate: FailoverDelegate {
        let duties = Mutex<Duties?>(nil)
        /// Not the node's own thread, which must not be held up.
        private let queue = DispatchQueue(label: "mynah.duties", qos: .userInteractive)

        func becamePrimary(term: Int, state: ReplicatedSessions) { perform { $0.lead(term, state) } }
        func becameStandby() { perform { $0.follow() } }
        func incident(_ incident: FailoverIncident) { perform { $0.tell(incident) } }

        /// Waits until the last change of roles was carried out.
        func settle() { queue.sync {} }

        private func perform(_ duty: @escaping @Sendable (Duties) -> Void) {
            queue.async { [self] in duties.withLock { $0 }.map(duty) }
        }
    }
}
