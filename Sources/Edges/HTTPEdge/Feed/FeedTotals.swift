import PipelineFeed
import SpeechModel

/// What was published so far, for `/status` and `/stats`.
public struct FeedStatistics: Sendable {
    /// Finals.
    public var transcripts: Int
    public var events: Int
    /// Of the last hundred finals, in ms.
    public var averageLatencyMS: Double
    /// Unix seconds; nil while nothing was said.
    public var lastTranscriptTime: Double?
    /// Events that told of a loss.
    public var errors: Int
    public var errorsOfLastHour: Int
    /// Connections to `/stream`.
    public var subscribers: Int
    /// Messages that wait for them.
    public var waiting: Int
    /// Finals that can be asked for again.
    public var historyFinals: Int
    public var historyBytes: Int
}

/// Counts what is published. A value is changed by one thread at a time.
struct FeedTotals {
    private static let recentCount = 100

    /// Of sessions that are not over.
    var states: [SessionID: SessionState] = [:]
    private(set) var transcripts = 0
    private(set) var events = 0
    private(set) var lastTranscriptTime: Double?
    private(set) var errors = ErrorRate()
    /// A ring of the last latencies.
    private var recent: [Double] = []
    private var latencies = 0

    var averageLatencyMS: Double { recent.isEmpty ? 0 : recent.reduce(0, +) / Double(recent.count) }

    /// What the busiest session is doing.
    var state: SessionState {
        let order: [SessionState] = [.processing, .listening, .error, .emit, .idle, .shutdown]
        return order.first { states.values.contains($0) } ?? .idle
    }

    /// - Parameter latencyMS: nil for one that another server recognised.
    mutating func addTranscript(latencyMS: Double?, at unixSeconds: Double) {
        transcripts += 1
        lastTranscriptTime = unixSeconds
        guard let latencyMS else { return }
        defer { latencies += 1 }
        if recent.count < Self.recentCount {
            recent.append(latencyMS)
        } else {
            recent[latencies % Self.recentCount] = latencyMS
        }
    }

    mutating func add(_ event: FeedEvent, of session: SessionID?, minute: UInt64) {
        events += 1
        if event.type == .errorOccurred { errors.add(minute: minute) }
        guard let session else { return }
        if states[session] == nil { states[session] = .idle }
        if let state = event.state { states[session] = state }
    }
}

/// Errors in all, and of the last hour by minutes.
struct ErrorRate {
    private static let minutes: UInt64 = 60

    private(set) var total = 0
    private var counts: [UInt64: Int] = [:]

    mutating func add(minute: UInt64) {
        total += 1
        counts[minute, default: 0] += 1
        if counts.count > Int(Self.minutes) { counts = counts.filter { $0.key + Self.minutes > minute } }
    }

    func ofLastHour(minute: UInt64) -> Int {
        counts.reduce(0) { $1.key + Self.minutes > minute ? $0 + $1.value : $0 }
    }
}
