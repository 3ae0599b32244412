import PipelineFeed
import Ports
import SessionMirror
import SpeechModel
import Telemetry

/// What one session tells: to a standby, to its client, to subscribers. Lives on the session's lane.
///
/// In order, always: what must outlive this server waits until a standby has it, and all that follows waits behind it.
struct SessionOutlet {
    private let services: SessionServices
    private let description: SessionDescription
    private let voice: SessionVoice
    private let wasAwake: Bool
    private var results: SessionResults
    private var outbox = Outbox()
    /// The client's connection, while there is one.
    var listener: (any SessionListener)?
    /// What subscribers are told, from the first connection to the session's end.
    var feed: SessionFeed?

    /// - Parameter mirrored: what another server told, when the session began there.
    init(
        _ description: SessionDescription, mirrored: SessionMirror.Session? = nil, voice: SessionVoice, services: SessionServices
    ) {
        self.description = description
        self.voice = voice
        self.services = services
        wasAwake = mirrored?.isAwake ?? false
        results = mirrored.map { SessionResults($0) } ?? SessionResults()
    }

    /// Whether nothing waits to be told.
    var isEmpty: Bool { outbox.isEmpty }
    /// The number of the last final that was told.
    var lastSequence: Int { results.lastSequence }

    /// Begins to tell subscribers.
    mutating func openFeed() {
        guard feed == nil else { return }
        let source = TranscriptSource(
            session: SessionID(description.session), sampleRate: description.sampleRate, channels: description.channels,
            expectedLanguage: description.language == SpokenLanguage.unknown ? nil : description.language)
        feed = SessionFeed(
            source, name: description.name, lastSequence: results.lastSequence,
            states: SessionStates(needsWaking: description.needsWaking, isAwake: wasAwake), voice: voice, services: services)
    }

    /// The first connection: its client hears the session's name.
    mutating func begin(_ session: LiveSession) { tell(.began, of: session, recorded: .began(description)) }

    /// A client is back that has the finals up to `sequence`.
    func resume(after sequence: Int, nextSample: Int) {
        listener?.session(.resumed(nextSample: nextSample, lastSequence: results.lastSequence))
        let now = services.clock.monotonicNanoseconds
        for event in results.missed(after: sequence) { listener?.session(.transcript(event, since: now)) }
    }

    /// Tells a result; `since` is when the last thing that it needed arrived, `request` how its utterance fared.
    mutating func tell(_ event: TranscriptEvent, of session: LiveSession, request: UtteranceTimes?, since: UInt64) {
        switch event {
        case .final(let final): tell(final, of: session, request: request, since: since)
        case .finalised(let sample):
            tell(
                .event(event, since: since), of: session,
                recorded: .finalised(session: description.session, throughSample: sample))
        case .partial, .failed: tell(.event(event, since: since), of: session)
        }
    }

    private mutating func tell(_ final: FinalResult, of session: LiveSession, request: UtteranceTimes?, since: UInt64) {
        let begun = services.clock.monotonicNanoseconds
        var result = final
        if let request { (result.latency.ingestMS, result.latency.recogniserMS) = (request.ingestMS, request.recogniserMS) }
        services.metrics.finals.increment()
        var timeline = StageTimeline(result.latency, answeredAt: request?.answered ?? since)
        if let request {
            timeline.move(request.taken &- request.arrived, from: .preprocess, to: .capture)
            timeline.move(request.wakewordNS, from: .preprocess, to: .wakeword)
        }
        // It waited for this lane and for older utterances.
        timeline.mark(.stt, at: begun)
        guard services.replication != nil, let publication = feed?.prepare(result, timeline: timeline) else {
            return tell(.final(result, timeline: timeline, publication: nil, since: since), of: session)
        }
        let mirrored = MirroredFinal(
            result: result, topic: publication.topic, message: String(decoding: publication.json, as: UTF8.self),
            language: publication.language)
        tell(
            .final(result, timeline: timeline, publication: publication, since: since), of: session,
            recorded: .final(session: description.session, mirrored))
    }

    /// Somebody said the wake word.
    mutating func woke(by phrase: String, score: Double) {
        services.metrics.wakeWords.increment()
        services.replication?.replicate(.wakefulness(session: description.session, isAwake: true)) {}
        feed?.tell(.wakeWordDetected(phrase: phrase, score: score))
    }

    /// The wake word is needed again.
    mutating func fellAsleep() {
        services.replication?.replicate(.wakefulness(session: description.session, isAwake: false)) {}
        feed?.tell(.wakeWindowClosed)
    }

    /// Nobody knows whether the wake word was said.
    mutating func spottingFailed(_ error: SpeechError, since: UInt64) {
        listener?.session(.transcript(.failed(error), since: since))
        feed?.tell(.failed(.wakeword, error, .stage))
        feed?.tell(.recovered(.wakeword))
    }

    /// What has this number outlives this server now.
    mutating func markSafe(_ number: Int) {
        outbox.markSafe(number)
        release()
    }

    /// The session is over; nothing more is told to subscribers, and the standby need not go on with it.
    mutating func close(_ reason: String) {
        services.replication?.replicate(.ended(session: description.session)) {}
        feed?.end(reason)
        feed = nil
    }

    // MARK: - In order

    private mutating func tell(_ telling: Outbox.Telling, of session: LiveSession, recorded record: SessionRecord? = nil) {
        guard let replication = services.replication else { return carryOut(telling) }
        let number = outbox.add(telling, isSafe: record == nil)
        if let record { replication.replicate(record) { [weak session] in session?.becameSafe(number) } }
        release()
    }

    private mutating func release() {
        while let telling = outbox.next() { carryOut(telling) }
    }

    /// Tells the client first, and then the world.
    private mutating func carryOut(_ telling: Outbox.Telling) {
        guard !voice.isOver else { return }
        switch telling {
        case .began: listener?.session(.began)
        case .event(let event, let since):
            listener?.session(.transcript(event, since: since))
            switch event {
            case .finalised(let sample): results.finalisedThrough = sample
            case .partial(let partial): feed?.publish(partial, answeredAt: since)
            case .failed(let error): feed?.tell(.failed(.stt, error, .utterance))
            case .final: break
            }
        case .final(let result, var timeline, let publication, let since):
            results.append(result)
            voice.activity.during(.publish) { listener?.session(.transcript(.final(result), since: since)) }
            timeline.mark(.publish, at: services.clock.monotonicNanoseconds)
            if let publication = publication ?? feed?.prepare(result, timeline: timeline) { feed?.publish(publication) }
        }
    }
}
