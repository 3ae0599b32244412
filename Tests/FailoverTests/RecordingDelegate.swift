import Failover
import Lanes

/// A delegate that remembers what it was told.
final class RecordingDelegate: FailoverDelegate {
    enum Event: Equatable, Sendable {
        case primary(term: Int, records: [Int])
        case standby
        case shown(Int)
    }

    private let log = Locked<[Event]>([])
    private let told = Locked<[FailoverIncident.Kind]>([])

    var events: [Event] { log.withLock { $0 } }
    var incidents: [FailoverIncident.Kind] { told.withLock { $0 } }

    func becamePrimary(term: Int, state: NumberedRecords) { note(.primary(term: term, records: state.numbers)) }
    func becameStandby() { note(.standby) }
    func incident(_ incident: FailoverIncident) { told.withLock { $0.append(incident.kind) } }
    func note(_ event: Event) { log.withLock { $0.append(event) } }
}
