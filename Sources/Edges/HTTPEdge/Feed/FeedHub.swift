public import Application
public import PipelineFeed
public import Ports
public import SpeechModel
import Synchronization
import WireProtocol

/// Whoever waits for messages of the feed. Called on the publisher's thread: hand over and return.
protocol FeedSubscriber: AnyObject, Sendable {
    /// Its queue was empty and no longer is, or it is to be disconnected.
    func feedHasMessages()
}

/// Where everything that sessions publish comes together: each message is encoded once, kept for those who ask for it later, and
/// handed to ZeroMQ and to every subscriber of `/stream`.
public final class FeedHub: FeedPublisher {
    /// Takes a message of a topic; must not block.
    public typealias Sink = @Sendable (_ topic: [UInt8], _ body: [UInt8]) -> Void

    /// A subscription's name.
    struct Ticket: Hashable, Sendable { fileprivate let number: Int }

    /// What waits for a subscriber.
    struct Batch: Sendable {
        var messages: [EncodedMessage] = []
        /// It read too slowly; these are the numbers from which on it missed finals.
        var resumePoints: [SessionID: Int]?
    }

    private struct Subscription {
        var queue: SubscriberQueue<EncodedMessage>
        let subscriber: any FeedSubscriber
        /// The subscriber knows that something waits.
        var isTold = false
    }

    private struct State {
        var history = FeedHistory<EncodedMessage>()
        var subscriptions: [Int: Subscription] = [:]
        var lastNumber = 0
        var totals = FeedTotals()
    }

    private let version: String
    private let clock: any Clock
    private let events: Sink
    private let transcripts: Sink
    private let sinksPartials: Bool
    private let reign: any Reign
    /// Subscribers of `/stream` that want them.
    private let partialSubscribers = Atomic<Int>(0)
    private let state = Mutex(State())

    /// Makes a hub without subscribers.
    ///
    /// - Parameters:
    ///   - version: the server's, for `pipeline_version`.
    ///   - events: where events go beside `/stream`.
    ///   - transcripts: where transcripts go beside `/stream`.
    ///   - sinksPartials: whether partials are among them.
    ///   - reign: whether this server may publish, and what number its messages carry.
    public init(
        version: String, clock: any Clock, events: @escaping Sink, transcripts: @escaping Sink, sinksPartials: Bool = false,
        reign: any Reign = SoleReign()
    ) {
        self.version = version
        self.clock = clock
        self.events = events
        self.transcripts = transcripts
        self.sinksPartials = sinksPartials
        self.reign = reign
    }

    // MARK: - Publishing

    public var wantsPartials: Bool { sinksPartials || partialSubscribers.load(ordering: .relaxed) > 0 }

    public func prepare(_ transcript: PublishedTranscript) -> Publication {
        var transcript = transcript
        transcript.timeline.mark(.publish, at: clock.monotonicNanoseconds)
        let message = TranscriptMessage(transcript, version: version, timestamp: unixSeconds, term: reign.term)
        return Publication(
            topic: message.topic, json: message.encoded.json, session: transcript.source.session,
            sequence: transcript.sequenceNumber, language: message.language.description, timeline: transcript.timeline)
    }

    public func publish(_ publication: Publication) {
        // What comes too late is told by whoever follows, who has it.
        guard reign.mayPublish else { return }
        let message = EncodedMessage(transcript: publication.json)
        if publication.sequence != nil || sinksPartials { transcripts(Array(publication.topic.utf8), message.json) }
        if let sequence = publication.sequence {
            let now = unixSeconds
            hand(message, .final(publication.session, sequence: sequence, language: publication.language)) {
                $0.addTranscript(latencyMS: publication.timeline?.totalMS, at: now)
            }
        } else {
            hand(message, .partial(publication.session, language: publication.language))
        }
    }

    public func publish(_ event: FeedEvent, of session: SessionID?) {
        guard reign.mayPublish else { return }
        let message = EventMessage(
            event.type, timestamp: unixSeconds, metadata: event.metadata, sessionID: session, level: event.level,
            source: event.source, term: reign.term)
        let encoded = message.encoded
        events(Array(message.topic.utf8), encoded.json)
        let minute = clock.monotonicNanoseconds / 60_000_000_000
        hand(encoded, .event(session)) { $0.add(event, of: session, minute: minute) }
    }

    public func ended(_ session: SessionID) {
        let now = clock.monotonicNanoseconds
        state.withLock {
            $0.history.ended(session, at: now)
            $0.totals.states[session] = nil
        }
    }

    /// This server takes over: `all` is what the one before had published, in its order, of which the last `recent` are told again, byte
    /// for byte but for the term.
    public func takeOver(_ all: [Publication], recent: Int) {
        let again = max(0, all.count - recent)
        state.withLock { state in
            for publication in all[..<again] {
                guard let sequence = publication.sequence else { continue }
                let message = EncodedMessage(transcript: publication.json)
                state.history.append(
                    FeedItem(
                        .final(publication.session, sequence: sequence, language: publication.language), message,
                        bytes: message.json.count))
            }
        }
        let term = reign.term
        for publication in all[again...] {
            publish(
                Publication(
                    topic: publication.topic, json: EncodedMessage(transcript: publication.json).inTerm(term).json,
                    session: publication.session, sequence: publication.sequence, language: publication.language))
        }
    }

    /// Another server took over: what was published here is forgotten, and nothing that waits is told any more.
    public func giveWay() {
        state.withLock { state in
            state.history = FeedHistory()
            state.totals.states = [:]
            for number in Array(state.subscriptions.keys) {
                guard let old = state.subscriptions.removeValue(forKey: number) else { continue }
                state.subscriptions[number] = Subscription(
                    queue: SubscriberQueue(filter: old.queue.filter), subscriber: old.subscriber)
            }
        }
    }

    private var unixSeconds: Double { Double(clock.unixMilliseconds) / 1000 }

    private func hand(
        _ message: EncodedMessage, _ kind: FeedItem<EncodedMessage>.Kind, count: (inout FeedTotals) -> Void = { _ in }
    ) {
        let item = FeedItem(kind, message, bytes: message.json.count)
        let toTell = state.withLock { state in
            count(&state.totals)
            state.history.append(item)
            var toTell: [any FeedSubscriber] = []
            // By place: a loop over the keys would hold the table, so that each change copied it and its queues.
            var place = state.subscriptions.startIndex
            while place != state.subscriptions.endIndex {
                defer { state.subscriptions.formIndex(after: &place) }
                guard !state.subscriptions.values[place].queue.isClosed else { continue }
                let verdict = state.subscriptions.values[place].queue.offer(item)
                // Who knows that something waits has yet to hear that it is to be disconnected.
                guard verdict == .mustDisconnect || verdict == .queued && !state.subscriptions.values[place].isTold else {
                    continue
                }
                state.subscriptions.values[place].isTold = true
                toTell.append(state.subscriptions.values[place].subscriber)
            }
            return toTell
        }
        for subscriber in toTell { subscriber.feedHasMessages() }
    }

    // MARK: - Subscribing

    /// Begins a subscription: nothing is missed or repeated between what is replayed and what comes.
    ///
    /// - Parameter fromSequence: the number of the first final that is wanted of what is kept; nil for only what comes.
    /// - Returns: the subscription, what of that is no longer kept, and whether the session that was chosen ever published anything.
    func join(
        _ subscriber: any FeedSubscriber, filter: FeedFilter, fromSequence: Int?
    ) -> (ticket: Ticket, gaps: [FeedHistory<EncodedMessage>.Gap], isSessionKnown: Bool) {
        if filter.wantsPartials { partialSubscribers.wrappingAdd(1, ordering: .relaxed) }
        return state.withLock { state in
            let replay = state.history.messages(
                after: fromSequence.map { $0 - 1 } ?? .max, session: filter.session, language: filter.language)
            state.lastNumber += 1
            state.subscriptions[state.lastNumber] = Subscription(
                queue: SubscriberQueue(filter: filter, backlog: replay.items), subscriber: subscriber,
                isTold: !replay.items.isEmpty)
            let isKnown = replay.isSessionKnown || filter.session.map { state.totals.states[$0] != nil } ?? true
            return (Ticket(number: state.lastNumber), fromSequence == nil ? [] : replay.gaps, isKnown)
        }
    }

    /// Takes up to `limit` messages. After fewer than that, the subscriber is told when there are more.
    func take(_ limit: Int, for ticket: Ticket) -> Batch {
        state.withLock { state in
            guard var subscription = state.subscriptions.removeValue(forKey: ticket.number) else { return Batch() }
            var batch = Batch()
            guard reign.mayPublish else {
                // What waits is about to be forgotten.
                subscription.isTold = false
                state.subscriptions[ticket.number] = subscription
                return batch
            }
            while batch.messages.count < limit, let item = subscription.queue.next() { batch.messages.append(item.message) }
            subscription.isTold = batch.messages.count == limit
            if subscription.queue.isClosed { batch.resumePoints = subscription.queue.resumePoints }
            state.subscriptions[ticket.number] = subscription
            return batch
        }
    }

    /// Ends a subscription.
    func leave(_ ticket: Ticket) {
        let left = state.withLock { $0.subscriptions.removeValue(forKey: ticket.number) }
        if left?.queue.filter.wantsPartials == true { partialSubscribers.wrappingSubtract(1, ordering: .relaxed) }
    }

    // MARK: - Looking

    /// Forgets the finals of sessions that ended long ago; call it once in a while.
    public func sweep() {
        let now = clock.monotonicNanoseconds
        state.withLock { $0.history.forgetEnded(now: now) }
    }

    /// What a session is doing; without one, what the busiest is.
    public func state(of session: SessionID?) -> SessionState {
        state.withLock { state in session.flatMap { state.totals.states[$0] } ?? state.totals.state }
    }

    /// What was published so far.
    public var statistics: FeedStatistics {
        let minute = clock.monotonicNanoseconds / 60_000_000_000
        return state.withLock { state in
            FeedStatistics(
                transcripts: state.totals.transcripts, events: state.totals.events,
                averageLatencyMS: state.totals.averageLatencyMS, lastTranscriptTime: state.totals.lastTranscriptTime,
                errors: state.totals.errors.total, errorsOfLastHour: state.totals.errors.ofLastHour(minute: minute),
                subscribers: state.subscriptions.count,
                waiting: state.subscriptions.values.reduce(0) { $0 + $1.queue.count },
                historyFinals: state.history.count, historyBytes: state.history.bytes)
        }
    }
}

extension TranscriptMessage {
    /// The contract's message of what a session published.
    fileprivate init(_ transcript: PublishedTranscript, version: String, timestamp: Double, term: Int) {
        self.init(
            transcript: transcript.hypothesis.text, confidence: transcript.hypothesis.confidence, timestamp: timestamp,
            audioStartTime: transcript.audioStartTime, audioEndTime: transcript.audioEndTime,
            processingTimeMS: transcript.timeline.processingTimeMS, language: LanguageCode(transcript.annotation.language),
            languageConfidence: transcript.annotation.languageConfidence, sentiment: transcript.annotation.sentiment,
            sentimentConfidence: transcript.annotation.sentimentConfidence, pipelineVersion: version,
            sessionID: transcript.source.session, sequenceNumber: transcript.sequenceNumber,
            sampleRate: transcript.source.sampleRate, channels: transcript.source.channels,
            audioDurationMS: transcript.audioDurationMS,
            stageLatencies: StageLatencies(Dictionary(uniqueKeysWithValues: transcript.timeline.stages.map { ($0, $1) })),
            words: transcript.hypothesis.words, speaker: transcript.hypothesis.speaker, term: term)
    }
}
