public import NIOCore
import PipelineFeed
import SpeechModel
public import WireProtocol

/// `WS /stream`: what all sessions publish, to whoever wants to read it.
public struct FeedEndpoint: WebSocketEndpoint {
    /// Where it is served.
    public static let path = "/stream"

    private let hub: FeedHub
    private let status: @Sendable () -> StatusMessage
    private let uptime: @Sendable () -> Double
    private let heartbeat: TimeAmount

    /// Makes the endpoint.
    ///
    /// - Parameters:
    ///   - status: what a subscriber is told when it connects.
    ///   - uptime: seconds since the server's start, for every heartbeat.
    ///   - heartbeat: how often it is told that the server is there.
    public init(
        hub: FeedHub, status: @escaping @Sendable () -> StatusMessage, uptime: @escaping @Sendable () -> Double,
        heartbeat: TimeAmount = .seconds(30)
    ) {
        self.hub = hub
        self.status = status
        self.uptime = uptime
        self.heartbeat = heartbeat
    }

    public func decide(_ request: UpgradeRequest) -> UpgradeDecision? {
        guard request.path == Self.path else { return nil }
        do throws(SpeechError) {
            let (filter, fromSequence) = try FeedQuery.parse(request.query)
            return .accept(
                FeedConnection(
                    hub: hub, filter: filter, fromSequence: fromSequence, status: status, uptime: uptime, heartbeat: heartbeat))
        } catch {
            return .refuse(error)
        }
    }
}

/// What a subscriber asks for in the query.
enum FeedQuery {
    /// Reads `partials`, `language`, `session` and `from_sequence`; what else is there is ignored.
    static func parse(_ query: [String: String]) throws(SpeechError) -> (filter: FeedFilter, fromSequence: Int?) {
        var filter = FeedFilter()
        if let text = query["partials"] {
            guard let wanted = ["1": true, "true": true, "0": false, "false": false][text.lowercased()] else {
                throw invalid("partials", "1 or 0")
            }
            filter.wantsPartials = wanted
        }
        if let text = query["language"] {
            let language = LanguageCode(text)
            guard language != .unknown || text == LanguageCode.unknown.description else {
                throw invalid("language", "an ISO 639-1 code such as en, or unknown")
            }
            filter.language = language.description
        }
        if let text = query["session"] {
            guard !text.isEmpty, text.utf8.count <= 64, text.hasPrefix("ses_") else {
                throw invalid("session", "a session_id as messages carry it, ses_…")
            }
            filter.session = SessionID(text)
        }
        var fromSequence: Int?
        if let text = query["from_sequence"] {
            guard let number = Int(text), number >= 1 else { throw invalid("from_sequence", "a whole number from 1") }
            fromSequence = number
        }
        return (filter, fromSequence)
    }

    private static func invalid(_ name: String, _ allowed: String) -> SpeechError {
        SpeechError(.invalidParameter, "\(name) in the query has no value that is allowed.", advice: "Give \(allowed).")
    }
}
