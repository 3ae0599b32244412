/// Something that an operator wants to know.
public struct FailoverIncident: Hashable, Sendable, CustomStringConvertible {
    /// The stable names of what can happen.
    public enum Kind: String, Sendable, CaseIterable {
        /// Nothing was heard of the other node for a lease time, or, for some seconds, since the start.
        case peerLost = "peer_lost"
        /// The other node was heard of, at first or again.
        case peerBack = "peer_back"
        /// The other node has another key, speaks another protocol, has our own name, or sends what is no message: it is not listened to.
        case peerRefused = "peer_refused"
        /// The other node has another program version or model, as during a rolling update.
        case peerDiffers = "peer_differs"
        /// The standby has everything and may succeed.
        case inSync = "in_sync"
        /// The standby does not keep up, so may not succeed.
        case outOfSync = "out_of_sync"
        case arbiterSilent = "arbiter_silent"
        case arbiterBack = "arbiter_back"
        /// The node led and does not any more, without a hand-over.
        case termOver = "term_over"
        case handedOver = "handed_over"
        case handOverFailed = "hand_over_failed"
        /// Both nodes took themselves for the primary.
        case twoPrimaries = "two_primaries"
        /// The process was stopped, or its machine slept or was overloaded, for longer than a lease time.
        case overslept
        /// The node took a term without what was replicated before, because nobody had it any more.
        case coldStart = "cold_start"
        /// An operator made the node take a term although it was not known to have everything.
        case forced
        /// Nobody has led for seconds, and nobody may: an operator has to act.
        case nobodyLeads = "nobody_leads"
        /// That is over.
        case ledAgain = "led_again"

        /// How grave it is.
        public var severity: Severity {
            switch self {
            case .nobodyLeads: .error
            case .peerBack, .inSync, .arbiterBack, .handedOver, .ledAgain: .notice
            default: .warning
            }
        }
    }

    /// Whether an operator has to act, should look, or may just want to know.
    public enum Severity: Sendable {
        case notice, warning, error
    }

    /// What happened.
    public let kind: Kind
    /// In a sentence, for people.
    public let message: String

    /// Describes an incident.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { "\(kind.rawValue): \(message)" }
}
