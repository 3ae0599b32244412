import Application
import PipelineFeed
import SessionMirror
import SpeechModel
import SpeechPipeline
import Synchronization
import Telemetry
import Testing

@Suite struct WakeWordTests {
    private let phrases = KeyPhrases(["hey computer"], sensitivity: 0.55)

    private func makeRegistry(
        _ recognizer: ScriptedRecognizer, phrases: Bool = true, needsWaking: Bool = true, feed: RecordedFeed = RecordedFeed(),
        clock: TestClock = TestClock()
    ) -> SessionRegistry {
        SessionRegistry(
            services: SessionServices(
                recognizer: recognizer, makeDetector: { LoudnessDetector() }, clock: clock,
                metrics: SessionMetrics(registry: MetricsRegistry()), feed: feed,
                annotate: { _, language in .unexamined(expecting: language) }, language: "en"),
            lanes: 1,
            policy: SessionRegistry.Policy(
                pipeline: SpeechPipeline.Configuration(),
                wakeWord: phrases ? WakeWord(phrases: self.phrases, windowMS: 8000) : nil, needsWaking: needsWaking, maximum: 10,
                resumeWindowSeconds: 60))
    }
    private var format: AudioFormat { get throws { try AudioFormat(sampleRate: 16_000, channels: 1) } }

    @Test func `nobody hears anything of a session before its wake word, and everything after`() async throws {
        let recognizer = ScriptedRecognizer(phraseEnds: [3: 500])
        let feed = RecordedFeed()
        let session = try makeRegistry(recognizer, feed: feed).create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        // Three times speech while it is asleep, the phrase in the third, and once more.
        send(TestAudio.bursts(4), to: session, as: number)
        session.end()
        let told = await listener.untilEnd()
        #expect(told.finals.map(\.sequence) == [1, 2])
        // When the phrase is noticed late, the fourth was listened to for it before it was recognised.
        let asked = recognizer.keyPhrases.withLock { $0 }
        #expect(asked.dropLast(2).allSatisfy { $0 == phrases } && asked.suffix(2) == [nil, nil] && (5...6).contains(asked.count))
        #expect(told.finals.map(\.hypothesis.text) == ["utterance-\(asked.count - 1)", "utterance-\(asked.count)"])
        let finals = feed.transcripts.filter { $0.sequenceNumber != nil }
        #expect(finals.map(\.hypothesis) == told.finals.map(\.hypothesis))
        let events = feed.events.filter { $0.type != .stateChanged }
        #expect(
            events.prefix(5).map(\.type) == [
                .pipelineStarted, .wakeWordDetected, .speechStarted, .speechStopped, .processingStarted,
            ])
        // The second utterance may begin before the answer to the first.
        for type in [EventType.speechStarted, .speechStopped, .processingCompleted, .transcriptReady] {
            #expect(events.count { $0.type == type } == 2)
        }
        #expect(events.count { $0.type == .wakeWordDetected } == 1 && events.last?.type == .pipelineStopped)
        #expect(
            events[1] == FeedEvent(.wakeWordDetected, metadata: ["phrase": "hey computer", "score": 0.75], stage: .wakeword))
        // What the spotter learnt of the speaker helps the recogniser.
        #expect(recognizer.adaptations.withLock { $0.last! } != nil)
        let states = feed.events.filter { $0.type == .stateChanged }.map { $0.metadata["to"] }
        #expect(states.first == "listening" && states.last == "idle")
    }

    @Test func `a client can ask for the wake word, or do without`() async throws {
        for (needs, expected) in [(nil, 0), (true, 0), (false, 1)] as [(Bool?, Int)] {
            let session = try makeRegistry(ScriptedRecognizer()).create(format: format, needsWaking: needs)
            let listener = Listener()
            send(TestAudio.bursts(1), to: session, as: session.attach(listener))
            session.end()
            #expect(await listener.untilEnd().finals.count == expected)
        }
        let off = makeRegistry(ScriptedRecognizer(), needsWaking: false)
        _ = try off.create(format: format, needsWaking: true)
        let none = makeRegistry(ScriptedRecognizer(), phrases: false, needsWaking: false)
        _ = try none.create(format: format)
        let error = #expect(throws: SpeechError.self) { try none.create(format: format, needsWaking: true) }
        #expect(error?.code == .invalidParameter && error?.description.contains("wakeword.phrases") == true)
    }

    @Test func `a client that was cut off need not say it again`() async throws {
        let feed = RecordedFeed()
        let session = try makeRegistry(ScriptedRecognizer(phraseEnds: [1: 500]), feed: feed).create(format: format)
        let audio = TestAudio.bursts(3)
        let first = Listener()
        let number = session.attach(first)
        send(Array(audio[..<80_000]), to: session, as: number)
        _ = await first.until(finals: 1)
        session.detach(number)
        let second = Listener()
        let again = session.attach(second, lastSequence: 1)
        let position = await second.untilResumed()
        send(Array(audio[(position * 2)...]), to: session, as: again)
        session.end()
        #expect(await second.untilEnd().finals.map(\.sequence) == [2, 3])
        #expect(feed.events.filter { $0.type == .transcriptReady }.count == 3)
    }

    @Test func `what a final waited for the spotter is the stage wakeword`() async throws {
        let recognizer = ScriptedRecognizer(isHolding: true, phraseEnds: [1: 500], isSpottingLate: true)
        let feed = RecordedFeed()
        let clock = TestClock()
        let registry = makeRegistry(recognizer, feed: feed, clock: clock)
        let session = try registry.create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        send(TestAudio.bursts(2), to: session, as: number)
        await recognizer.untilHeld(2)
        // All of it has to be taken up before the clock goes on: four seconds in frames of 20 ms.
        while registry.framesProcessed < 200 { await Task.yield() }
        clock.advance(seconds: 2)
        recognizer.answer(1)
        // The rest of the first burst, and the second, which was listened to as well.
        await recognizer.untilHeld(3)
        clock.advance(seconds: 1)
        for number in [3, 4] { recognizer.answer(number) }
        session.end()
        let told = await listener.untilEnd()
        #expect(told.finals.count == 2)
        let timelines = feed.transcripts.filter { $0.sequenceNumber != nil }.map(\.timeline)
        #expect(timelines.map { $0[.wakeword] } == [2000, 2000])
        #expect(timelines.map { $0[.stt] } == [1000, 1000])
        #expect(timelines.allSatisfy { $0.totalMS == 3000 })
    }

    @Test func `a spotter that fails is told, and the session goes on`() async throws {
        let feed = RecordedFeed()
        let session = try makeRegistry(ScriptedRecognizer(failing: [1], phraseEnds: [2: 500]), feed: feed).create(format: format)
        let listener = Listener()
        send(TestAudio.bursts(2), to: session, as: session.attach(listener))
        session.end()
        let told = await listener.untilEnd()
        #expect(told.failures.map(\.code) == [.recogniserFailed] && told.finals.count == 1)
        let failure = try #require(feed.events.first { $0.type == .stageError })
        #expect(failure.source == "wakeword" && !feed.events.contains { $0.type == .errorOccurred })
    }

    @Test(arguments: [true, false])
    func `a session that goes on at another server is awake there if it was`(isAwake: Bool) async throws {
        var mirror = SessionMirror()
        let id = SessionID("ses_1")
        let description = SessionDescription(
            session: id, audio: AudioID("rec_1"), token: Sensitive("token"), tenant: .local, name: "stream", language: "en",
            sampleRate: 16_000, channels: 1, encoding: "pcm_s16le", needsWaking: true)
        for record in [SessionRecord.began(description), .wakefulness(session: "ses_1", isAwake: isAwake)] {
            mirror.apply(record, at: 1)
        }
        let feed = RecordedFeed()
        let registry = makeRegistry(ScriptedRecognizer(), needsWaking: false, feed: feed)
        #expect(registry.open(with: mirror) == 1)
        let session = try registry.find(id, token: Sensitive("token"))
        let listener = Listener()
        let number = session.attach(listener, lastSequence: 0)
        _ = await listener.untilResumed()
        send(TestAudio.bursts(1), to: session, as: number)
        session.end()
        #expect(await listener.untilEnd().finals.count == (isAwake ? 1 : 0))
        #expect(feed.events.contains { $0.type == .transcriptReady } == isAwake)
        // Where nothing could wake it, it does not go on unasked.
        #expect(makeRegistry(ScriptedRecognizer(), phrases: false, needsWaking: false).open(with: mirror) == 0)
    }
}
