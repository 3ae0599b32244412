public import Lanes
import PipelineFeed
public import Ports
import SessionMirror
public import SpeechModel
public import SpeechPipeline
import Synchronization
import Telemetry

/// One live session: the ordered loop around a ``SpeechPipeline``. It outlives its connection, so that a client can resume.
///
/// Other threads only put things into its inbox and wake its lane; everything that is ordered happens in ``drain()``. Nothing isolated can
/// be called from outside, so that a lane never has a job of a session: one that its thread does not come back from can be left alone
/// with that thread (``quarantine(afterMS:)``).
public actor LiveSession: LaneClient, RecognitionObserver {
    /// The session's public name.
    public nonisolated let id: SessionID
    /// Names the audio in results.
    public nonisolated let audioID: AudioID
    /// Whoever knows it may resume the session.
    public nonisolated let resumeToken: Sensitive<String>
    /// Whose speech it is.
    public nonisolated let tenant: TenantID
    /// Where the audio comes from, for events: `stream`, or the name of a source of the server's own.
    public nonisolated let name: String
    /// What is spoken, ISO 639-1, or ``SpokenLanguage/unknown``.
    public nonisolated let language: String
    /// What the client sends.
    public nonisolated let format: AudioFormat

    private nonisolated let configuration: SpeechPipeline.Configuration
    nonisolated let lane: Lane
    nonisolated let services: SessionServices
    nonisolated let inbox: Mutex<SessionInbox>
    private nonisolated let voice: SessionVoice
    /// The lane does not come back from this session; what it still does is of no use.
    private nonisolated let isQuarantined = Atomic<Bool>(false)

    private var pipeline: SpeechPipeline?
    private nonisolated let recognitions = OpenRecognitions()
    /// Utterances in which only the wake word is listened for: nobody is told of them.
    private var spotted: Set<UtteranceKey> = []
    /// Utterances that were spoken to their end and have no answer that was told.
    private var requests: [UtteranceKey: UtteranceTimes] = [:]
    private var adaptation: String?
    /// Keeps its model in memory.
    private let model: ModelPin?
    /// Those who spoke so far, where it is asked who does.
    private let speakers: SpeakerBook?
    private var outlet: SessionOutlet
    private let resumption: SpeechPipeline.Resumption
    /// Accepted audio waits for ``decide()``, for which the lane was asked.
    private var isDecisionDue = false
    /// When the last audio arrived, and when this lane took it up.
    private var lastArrival: UInt64 = 0
    private var lastTaken: UInt64 = 0
    private var isEnding = false
    private var hasEnded = false
    /// When the client was lost, in ns of the monotonic clock; 0 while there is one. Atomic, so that a sweep over thousands of sessions
    /// need not visit each on its lane.
    nonisolated let detachedSince = Atomic<UInt64>(0)

    private var audio: [UInt8] = []
    private var actions: [PipelineAction] = []

    public nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

    init(
        id: SessionID, audioID: AudioID, token: String, tenant: TenantID, name: String, language: String?,
        model: ModelPin, format: AudioFormat, configuration: SpeechPipeline.Configuration, lane: Lane, services: SessionServices
    ) {
        self.id = id
        self.audioID = audioID
        resumeToken = Sensitive(token)
        self.tenant = tenant
        self.name = name
        self.language = language ?? services.language
        self.model = model
        self.format = format
        inbox = Mutex(SessionInbox(format: format))
        self.configuration = configuration
        self.lane = lane
        self.services = services
        speakers = services.speakerThreshold.map { SpeakerBook(threshold: $0) }
        resumption = SpeechPipeline.Resumption(inputSample: 0, lastSequence: 0)
        voice = SessionVoice(id, services: services)
        outlet = SessionOutlet(
            SessionDescription(
                session: id, audio: audioID, token: resumeToken, tenant: tenant, name: name, language: self.language,
                sampleRate: format.sampleRate, channels: format.channels, encoding: format.encoding.rawValue,
                needsWaking: configuration.wakeWord != nil),
            voice: voice, services: services)
    }

    /// Goes on with a session that began at another server; its client is awaited.
    init(
        _ session: SessionMirror.Session, configuration: SpeechPipeline.Configuration, lane: Lane, services: SessionServices
    ) throws(SpeechError) {
        let description = session.description
        id = SessionID(description.session)
        audioID = AudioID(description.audio)
        resumeToken = Sensitive(description.token)
        tenant = TenantID(description.tenant)
        name = description.name
        language = description.language
        // The other server may have had another one; this one's own is as good.
        model = try? services.models.pin(model: nil, language: language)
        guard let encoding = AudioFormat.Encoding(rawValue: description.encoding) else {
            throw SpeechError(
                .unsupportedAudio, "The encoding \(description.encoding) is not known.",
                advice: "Run versions on both servers that know it.")
        }
        format = try AudioFormat(sampleRate: description.sampleRate, channels: description.channels, encoding: encoding)
        inbox = Mutex(SessionInbox(format: format, firstSample: session.nextSample))
        self.configuration = configuration
        self.lane = lane
        self.services = services
        speakers = services.speakerThreshold.map { SpeakerBook(threshold: $0) }
        resumption = SpeechPipeline.Resumption(
            inputSample: session.nextSample, lastSequence: session.lastSequence, isAwake: session.isAwake)
        voice = SessionVoice(id, services: services)
        outlet = SessionOutlet(description, mirrored: session, voice: voice, services: services)
        hasEnded = session.endedAt != nil
        if hasEnded { inbox.withLock { $0.close() } }
        detachedSince.store(max(1, services.clock.monotonicNanoseconds), ordering: .relaxed)
    }

    public nonisolated func runOnLane() {
        guard !isQuarantined.load(ordering: .relaxed) else { return }
        voice.activity.during(.preprocess) { assumeIsolated { $0.drain() } }
    }

    public nonisolated func runLaterOnLane() {
        guard !isQuarantined.load(ordering: .relaxed) else { return }
        voice.activity.during(.preprocess) { assumeIsolated { $0.decide() } }
    }

    /// The lane's thread did not come back from this session for so long, and goes on without it: its client is told, its decoders are
    /// freed, its subscribers hear of its end, and a standby need not go on with it. Never enters what the thread may be in.
    ///
    /// - Returns: the stage that is stuck, and what the client is told.
    nonisolated func quarantine(afterMS limit: Int) -> (stage: PipelineStage, error: SpeechError) {
        isQuarantined.store(true, ordering: .relaxed)
        let stage = voice.activity.stage
        let error = SpeechError(
            .stageStuck, "The stage \(stage.rawValue) of this session did not come back within \(limit) ms.",
            advice: "Start a new session, and send the audio that was not finalised.")
        let listener = inbox.withLock { inbox in
            inbox.close()
            return inbox.listener
        }
        recognitions.cancelAll()
        services.metrics.stuckStages[stage.rawValue].increment()
        services.metrics.errors[stage.rawValue, error.code.rawValue].increment()
        listener?.session(.broken(error))
        services.replication?.replicate(.ended(session: id.description)) {}
        voice.giveUp(stage, error)
        return (stage, error)
    }

    // MARK: - on the lane

    private func drain() {
        let storage = audio
        audio = []
        let delivery = inbox.withLock { $0.takeAll(reusing: storage) }
        audio = delivery.audio
        // Whoever begins hears everything; whoever resumes is told a position that counts what the cut connection still delivered.
        for case .attach(let newcomer, nil) in delivery.controls { attach(newcomer, resumingAfter: nil) }
        if delivery.mustDropPartialSample { pipeline?.dropPartialSample() }
        for answer in delivery.answers { take(answer.update, for: answer.key, at: answer.at) }
        if !audio.isEmpty, !hasEnded { take(audio, arrived: delivery.arrived) }
        if delivery.wasFull { outlet.listener?.session(.hasRoom) }
        for control in delivery.controls {
            switch control {
            case .attach(let newcomer, let lastSequence?): attach(newcomer, resumingAfter: lastSequence)
            case .attach(_, nil): break
            case .detach(let connection):
                guard connection == inbox.withLock({ $0.connection }) else { break }
                outlet.listener = nil
                outlet.feed?.hears(false)
                // First what waits to be decided, which could take a decoder again.
                if isDecisionDue { decide() }
                // Somebody who is there can use the decoder; the audio is kept and decoded again if the client comes back.
                for (key, recognition) in recognitions.all where requests[key] == nil { recognition.park() }
            case .source(let news): take(news)
            case .safe(let number): outlet.markSafe(number)
            case .abandon(let reason): if !hasEnded { giveUp(reason, because: "taken-over") }
            case .expire:
                guard !hasEnded else { break }
                recognitions.cancelAll()
                close("expired")
            case .end(let serverStops):
                if serverStops { outlet.feed?.tell(.serverStopping) }
                guard !isEnding else { break }
                isEnding = true
                pipeline?.finish(into: &actions)
                perform(at: services.clock.monotonicNanoseconds)
            }
        }
        endIfSettled()
    }

    /// What counts as one frame in metrics.
    private var frameSamples: Int { format.sampleRate * services.frameMS / 1000 }

    private func take(_ news: SourceNews) {
        switch news {
        case .lost(let error):
            services.metrics.errors["capture", error.code.rawValue].increment()
            outlet.feed?.tell(.failed(.capture, error, .stage))
        case .back: outlet.feed?.tell(.recovered(.capture))
        case .dropped(let count):
            services.metrics.overflows.increment(by: max(1, count / frameSamples))
            outlet.feed?.tell(.overflowed(buffer: "capture", lostMS: count * 1000 / format.sampleRate))
        }
    }

    private func take(_ bytes: [UInt8], arrived: UInt64) {
        if pipeline == nil {
            pipeline = SpeechPipeline(
                format: format, configuration: configuration, detector: GatedDetector(services.makeDetector()),
                resuming: resumption)
        }
        outlet.feed?.hears(true)
        lastArrival = arrived
        lastTaken = services.clock.monotonicNanoseconds
        let framesBefore = pipeline!.receivedSamples / frameSamples
        defer { services.metrics.frames.increment(by: pipeline!.receivedSamples / frameSamples - framesBefore) }
        // At most a second at a time: the pipeline's ring must still hold what an action names.
        let slice = format.sampleRate * format.bytesPerFrame
        do {
            try bytes.withUnsafeBytes { all in
                var at = 0
                while at < all.count {
                    let end = min(all.count, at + slice)
                    try pipeline!.accept(UnsafeRawBufferPointer(rebasing: all[at..<end]), into: &actions)
                    perform(at: arrived)
                    at = end
                    // The last portion can wait until all sessions have handed theirs on.
                    if at < all.count || isDecisionDue { decide() }
                }
            }
            if pipeline!.isUndecided, !isDecisionDue {
                isDecisionDue = true
                lane.wakeLater(self)
            }
        } catch let error as SpeechError {
            breakDown(error)
        } catch {
            breakDown(SpeechError(.internalError, "Audio could not be taken: \(error).", advice: "Start a new session."))
        }
    }

    /// Looks for speech in what was accepted.
    private func decide() {
        isDecisionDue = false
        guard pipeline != nil, !hasEnded else { return }
        pipeline!.decide(into: &actions)
        perform(at: lastArrival)
        endIfSettled()
    }

    private func take(_ update: RecognitionUpdate, for key: UtteranceKey, at time: UInt64) {
        guard pipeline != nil else { return }
        switch update {
        case .partial(let hypothesis, let through):
            pipeline!.partial(hypothesis, for: key, throughSample: through, into: &actions)
        case .final(let hypothesis, let learnt):
            recognitions[key] = nil
            spotted.remove(key)
            if let learnt { adaptation = learnt }
            if let request = requests[key] { services.metrics.stt.observe(Double(time &- request.finished) / 1e9) }
            requests[key]?.answered = time
            pipeline!.final(hypothesis, for: key, into: &actions)
        case .failed(let error):
            recognitions[key] = nil
            let stage: PipelineStage = spotted.remove(key) == nil ? .stt : .wakeword
            services.metrics.errors[stage.rawValue, error.code.rawValue].increment()
            pipeline!.failed(error, for: key, into: &actions)
        }
        perform(at: time)
    }

    /// Carries out what the pipeline asked for; `since` is when the last thing that it needed arrived.
    private func perform(at since: UInt64) {
        // Taken out, because acting may produce more.
        var current: [PipelineAction] = []
        swap(&current, &actions)
        // Of the utterance whose result follows.
        var settled: UtteranceTimes?
        // When the wake word was noticed, if that is what happened.
        var woken: UInt64?
        for action in current {
            guard !isQuarantined.load(ordering: .relaxed) else { return }
            switch action {
            case .begin(let key, let suppressesNoise, let keyPhrases):
                if keyPhrases != nil { spotted.insert(key) }
                let request = RecognitionRequest(
                    key: key, adaptation: adaptation, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases,
                    speakers: speakers, model: model, language: model?.language)
                voice.activity.during(keyPhrases == nil ? .stt : .wakeword) {
                    recognitions[key] = services.recognizer.begin(request, observer: self)
                }
            case .recognise(let key, let range):
                if let recognition = recognitions[key] {
                    voice.activity.during(.stt) { pipeline?.withSamples(in: range) { recognition.append($0) } }
                    services.metrics.preprocess.observe(Double(services.clock.monotonicNanoseconds &- since) / 1e9)
                }
                if !spotted.contains(key) { outlet.feed?.heard(key, range) }
            case .finish(let key):
                voice.activity.during(.stt) { recognitions[key]?.finish() }
                guard !spotted.contains(key) else { break }
                let now = services.clock.monotonicNanoseconds
                let arrived = woken == nil ? since : lastArrival
                requests[key] = UtteranceTimes(
                    arrived: arrived, taken: max(arrived, lastTaken), woken: woken, finished: now, answered: now)
                outlet.feed?.heardAll(of: key)
            case .cancel(let key):
                recognitions.removeValue(forKey: key)?.cancel()
                spotted.remove(key)
                requests[key] = nil
            case .woke(let phrase, let score):
                woken = since
                outlet.woke(by: phrase, score: score)
            case .fellAsleep: outlet.fellAsleep()
            case .spottingFailed(let error): outlet.spottingFailed(error, since: since)
            case .settled(let key, let isSilent):
                settled = requests.removeValue(forKey: key)
                if isSilent { outlet.feed?.tell(.nothingRecognised(key)) }
            case .emit(let event): outlet.tell(event, of: self, request: settled, since: since)
            }
        }
        current.removeAll(keepingCapacity: true)
        if actions.isEmpty { swap(&current, &actions) }
    }

    private func attach(_ newcomer: any SessionListener, resumingAfter lastSequence: Int?) {
        outlet.listener?.session(.replaced)
        outlet.listener = newcomer
        if !hasEnded { outlet.openFeed() }
        guard let lastSequence else { return outlet.begin(self) }
        outlet.resume(after: lastSequence, nextSample: pipeline?.receivedSamples ?? resumption.inputSample)
        if hasEnded { newcomer.session(.ended(lastSequence: outlet.lastSequence)) }
    }

    private func endIfSettled() {
        guard isEnding, !hasEnded, pipeline?.isSettled ?? true, outlet.isEmpty else { return }
        close("ended")
        outlet.listener?.session(.ended(lastSequence: outlet.lastSequence))
    }

    private func breakDown(_ error: SpeechError) {
        services.metrics.errors["capture", error.code.rawValue].increment()
        outlet.feed?.tell(.failed(.capture, error, .session))
        giveUp(error, because: "failed")
    }

    private func giveUp(_ error: SpeechError, because reason: String) {
        recognitions.cancelAll()
        isEnding = true
        close(reason)
        outlet.listener?.session(.broken(error))
    }

    private func close(_ reason: String) {
        hasEnded = true
        outlet.close(reason)
        inbox.withLock { $0.close() }
        if let stability = pipeline?.stability {
            services.metrics.wordsShown.increment(by: stability.shown)
            services.metrics.wordsRevised.increment(by: stability.revised)
        }
    }
}
