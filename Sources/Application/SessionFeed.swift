import PipelineFeed
import Ports
import SpeechModel
import Telemetry

/// What one session tells the world beside its own client: its states, events and transcripts. Lives on the session's lane.
struct SessionFeed {
    private let services: SessionServices
    private let session: SessionID
    private let voice: SessionVoice
    private var transcripts: TranscriptFeed
    private var hasAudio = false
    /// The utterance that is being spoken, or was last.
    private var spoken: (key: UtteranceKey, through: SampleTime)?

    /// Begins, and tells so.
    ///
    /// - Parameters:
    ///   - lastSequence: the number of the last final that another server published.
    ///   - states: those of a session that has not begun.
    init(
        _ source: TranscriptSource, name: String, lastSequence: Int = 0, states: SessionStates = SessionStates(),
        voice: SessionVoice, services: SessionServices
    ) {
        self.services = services
        self.voice = voice
        session = source.session
        transcripts = TranscriptFeed(source: source, lastSequence: lastSequence, annotate: services.annotate)
        voice.begin(states)
        tell(
            .sessionBegan(metadata: [
                "source": .text(name), "sample_rate": .integer(source.sampleRate), "channels": .integer(source.channels),
            ]))
    }

    /// Takes what happened, and tells what follows from it.
    func tell(_ input: SessionInput) { voice.tell(input) }

    /// Audio comes, or the client that sent it is away.
    mutating func hears(_ isHearing: Bool) {
        guard isHearing != hasAudio else { return }
        hasAudio = isHearing
        tell(isHearing ? .audioBegan : .audioStopped)
    }

    /// The recogniser got this of an utterance: its beginning, if it is the first.
    mutating func heard(_ key: UtteranceKey, _ range: Range<SampleTime>) {
        let isNew = spoken?.key != key
        spoken = (key, range.upperBound)
        if isNew { tell(.speechStarted(key, atMS: range.lowerBound.milliseconds)) }
    }

    /// It got the whole utterance.
    mutating func heardAll(of key: UtteranceKey) {
        guard let spoken, spoken.key == key else { return }
        tell(.speechStopped(key, atMS: spoken.through.milliseconds))
    }

    /// Makes the message of a final; `timeline` reaches up to its way out. nil when its number was there before, or the session
    /// was given up meanwhile.
    mutating func prepare(_ final: FinalResult, timeline: StageTimeline) -> Publication? {
        let transcript = voice.activity.during(.language) { transcripts.transcript(of: final, timeline: timeline) }
        guard var transcript, !voice.isOver else { return nil }
        transcript.timeline.mark(.language, at: services.clock.monotonicNanoseconds)
        return voice.activity.during(.publish) { services.feed.prepare(transcript) }
    }

    /// Publishes a final.
    mutating func publish(_ final: Publication) {
        guard let sequence = final.sequence, let timeline = final.timeline else { return }
        guard voice.publish(final) else { return }
        services.metrics.observe(timeline)
        tell(.finalReady(sequence: sequence, language: final.language, processingTimeMS: timeline.processingTimeMS))
    }

    /// Publishes a partial, if anybody wants it.
    func publish(_ partial: PartialResult, answeredAt: UInt64) {
        guard services.feed.wantsPartials else { return }
        let transcript = transcripts.transcript(of: partial, timeline: StageTimeline(lastSampleAt: answeredAt))
        services.feed.publish(services.feed.prepare(transcript))
    }

    /// The session is over.
    mutating func end(_ reason: String) {
        tell(.sessionEnded(reason: reason))
        services.feed.ended(session)
    }
}
