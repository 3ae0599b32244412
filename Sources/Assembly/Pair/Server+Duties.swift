import Application
import Failover
import HTTPEdge
import Logging
import PipelineFeed
import SpeechModel
import Telemetry
import WireProtocol

extension Server {
    /// What changes with the server's role.
    func duties(
        in pair: ServerPair, publishing: Publishing, registry: SessionRegistry, capture: Capture, metrics: MetricsRegistry
    ) -> ServerPair.Duties {
        let incidents = metrics.counters(
            "mynah_failover_incidents_total", help: "What happened between this server and the other.", labels: ["kind"])
        for kind in FailoverIncident.Kind.allCases { _ = incidents[kind.rawValue] }
        metrics.gauge("mynah_failover_leads", help: "Whether this server answers: 1, else 0.") { pair.role == .primary ? 1 : 0 }
        metrics.gauge("mynah_failover_term", help: "The number of the present reign.") { Double(pair.status.term) }
        metrics.gauge("mynah_failover_in_sync", help: "Whether the standby has everything: 1, else 0.") {
            pair.status.isInSync ? 1 : 0
        }
        metrics.gauge("mynah_failover_unacknowledged_records", help: "Records that the standby has not confirmed.") {
            Double(pair.status.outstandingRecords)
        }
        return ServerPair.Duties(
            lead: { [logger] term, sessions in
                let (finals, recent) = sessions.publications
                publishing.hub.takeOver(finals, recent: recent)
                let count = registry.open(with: sessions.mirror)
                capture.begin()
                logger.notice(
                    "this server answers",
                    metadata: ["term": "\(term)", "sessions": "\(count)", "finals_repeated": "\(recent)"])
                publishing.hub.publish(
                    FeedEvent(
                        .failover,
                        metadata: ["role": "primary", "term": .integer(term), "sessions": .integer(count)], level: .warning),
                    of: nil)
            },
            follow: { [logger] in
                registry.close(ServerPair.notPrimary)
                capture.pause()
                publishing.giveWay()
                logger.notice("this server is the standby")
            },
            tell: { [logger] incident in
                incidents[incident.kind.rawValue].increment()
                let level: Logger.Level =
                    switch incident.kind.severity {
                    case .notice: .notice
                    case .warning: .warning
                    case .error: .error
                    }
                logger.log(
                    level: level, "failover",
                    metadata: ["incident": "\(incident.kind.rawValue)", "reason": "\(incident.message)"])
                publishing.hub.publish(
                    FeedEvent(
                        .failover,
                        metadata: ["incident": .text(incident.kind.rawValue), "message": .text(incident.message)],
                        level: incident.kind.severity == .error ? .error : .warning), of: nil)
            })
    }
}
