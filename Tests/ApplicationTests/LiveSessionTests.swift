import Application
import PipelineFeed
import Ports
import SpeechModel
import SpeechPipeline
import Synchronization
import Telemetry
import Testing

@Suite struct LiveSessionTests {
    private func makeRegistry(
        _ recognizer: ScriptedRecognizer = ScriptedRecognizer(), maximum: Int = 10, clock: TestClock = TestClock(),
        feed: RecordedFeed = RecordedFeed()
    )
        -> SessionRegistry
    {
        SessionRegistry(
            services: SessionServices(
                recognizer: recognizer, makeDetector: { LoudnessDetector() },
                clock: clock, metrics: SessionMetrics(registry: MetricsRegistry()),
                feed: feed, annotate: { _, language in .unexamined(expecting: language) }, language: "en"),
            lanes: 1,
            policy: SessionRegistry.Policy(
                pipeline: SpeechPipeline.Configuration(), maximum: maximum, resumeWindowSeconds: 60))
    }
    private var format: AudioFormat { get throws { try AudioFormat(sampleRate: 16_000, channels: 1) } }

    @Test func `finals come numbered and in order, then the end`() async throws {
        let recognizer = ScriptedRecognizer()
        let session = try makeRegistry(recognizer).create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        send(TestAudio.bursts(3), to: session, as: number)
        session.end()
        let events = await listener.untilEnd()
        #expect(events.finals.map(\.sequence) == [1, 2, 3])
        #expect(events.lastSequence == 3)
        // What was learnt of the speaker in one utterance is given to the next.
        #expect(recognizer.adaptations.withLock { $0.first } == .some(nil))
    }

    @Test func `a client that was cut off gets each final exactly once`() async throws {
        let registry = makeRegistry()
        let session = try registry.create(format: format)
        let audio = TestAudio.bursts(4)
        let first = Listener()
        let number = session.attach(first)
        send(Array(audio[..<100_000]), to: session, as: number)
        let before = await first.until(finals: 1)
        session.detach(number)

        let found = try registry.find(session.id, token: session.resumeToken)
        let second = Listener()
        let again = found.attach(second, lastSequence: before.finals.last!.sequence)
        let position = await second.untilResumed()
        send(Array(audio[(position * 2)...]), to: found, as: again)
        // What the cut connection still had in its pipe is ignored.
        send(audio, to: found, as: number)
        found.end()
        let after = await second.untilEnd()
        #expect((before.finals + after.finals).map(\.sequence) == [1, 2, 3, 4])
        #expect((before.finals + after.finals).map(\.hypothesis.text) == (1...4).map { "utterance-\($0)" })
    }

    @Test func `what is sent again after a resumption is not heard twice`() async throws {
        let registry = makeRegistry()
        let session = try registry.create(format: format)
        let audio = TestAudio.bursts(3)
        let first = Listener()
        let number = session.attach(first)
        // The connection is cut in the middle of a sample.
        send(Array(audio[..<60_001]), to: session, as: number)
        session.detach(number)

        let second = Listener()
        let again = session.attach(second, lastSequence: 0)
        #expect(await second.untilResumed() == 30_000)
        try session.goOn(at: 10_000, from: again)
        send(Array(audio[20_000...]), to: session, as: again)
        session.end()
        let events = await second.untilEnd()
        #expect(events.finals.map(\.sequence) == [1, 2, 3])
        let undisturbed = try await timesWithoutACut(audio)
        #expect(events.finals.map { [$0.startMS, $0.endMS] } == undisturbed)
    }

    private func timesWithoutACut(_ audio: [UInt8]) async throws -> [[Int]] {
        let session = try makeRegistry().create(format: format)
        let listener = Listener()
        send(audio, to: session, as: session.attach(listener))
        session.end()
        return await listener.untilEnd().finals.map { [$0.startMS, $0.endMS] }
    }

    @Test func `a gap after a resumption is refused and told`() async throws {
        let session = try makeRegistry().create(format: format)
        let number = session.attach(Listener())
        send([UInt8](repeating: 0, count: 3200), to: session, as: number)
        try session.goOn(at: 1600, from: number)
        let error = #expect(throws: SpeechError.self) { try session.goOn(at: 1700, from: number) }
        #expect(error?.code == .resumeGap)
        #expect(error?.description.contains("100 samples") == true)
        // What an older connection says does not matter any more.
        _ = session.attach(Listener(), lastSequence: 0)
        try session.goOn(at: 99_999, from: number)
    }

    @Test func `an ended session still tells its end to a client that missed it`() async throws {
        let session = try makeRegistry().create(format: format)
        let first = Listener()
        send(TestAudio.bursts(1), to: session, as: session.attach(first))
        session.end()
        _ = await first.untilEnd()
        let second = Listener()
        _ = session.attach(second, lastSequence: 0)
        let events = await second.untilEnd()
        #expect(events.finals.map(\.sequence) == [1])
        #expect(await first.untilReplaced())
    }

    @Test func `a wrong token finds no session`() throws {
        let registry = makeRegistry()
        let session = try registry.create(format: format)
        for token in ["", "x", String(session.resumeToken.exposed.reversed()) + "0"] {
            #expect { try registry.find(session.id, token: Sensitive(token)) } throws: {
                ($0 as? SpeechError)?.code == .sessionUnknown
            }
        }
    }

    @Test func `one session more than allowed is refused`() throws {
        let registry = makeRegistry(maximum: 1)
        _ = try registry.create(format: format)
        #expect { try registry.create(format: self.format) } throws: { ($0 as? SpeechError)?.code == .overloaded }
    }

    @Test func `a session is forgotten when its client stays away`() async throws {
        let clock = TestClock()
        let registry = makeRegistry(clock: clock)
        let session = try registry.create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        send(TestAudio.bursts(1), to: session, as: number)
        session.detach(number)
        registry.sweep()
        #expect(registry.count == 1)
        clock.advance(seconds: 61)
        registry.sweep()
        #expect(registry.count == 0)
    }

    @Test func `samples that are no numbers end the session with a reason`() async throws {
        let format = try AudioFormat(sampleRate: 16_000, channels: 1, encoding: .float32)
        let session = try makeRegistry().create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        let bytes = [Float](repeating: .nan, count: 1600).withUnsafeBytes { Array($0) }
        send(bytes, to: session, as: number)
        #expect(await listener.untilBroken()?.code == .invalidAudio)
    }

    @Test func `a failed utterance is told and the session goes on`() async throws {
        let session = try makeRegistry(ScriptedRecognizer(failing: [1])).create(format: format)
        let listener = Listener()
        send(TestAudio.bursts(2), to: session, as: session.attach(listener))
        session.end()
        let events = await listener.untilEnd()
        #expect(events.finals.map(\.hypothesis.text) == ["utterance-2"])
        #expect(events.failures.map(\.code) == [.recogniserFailed])
    }

    @Test func `a new policy is for new sessions`() throws {
        let registry = makeRegistry(maximum: 2)
        _ = try registry.create(format: format)
        let pipeline = SpeechPipeline.Configuration()
        registry.adopt(SessionRegistry.Policy(pipeline: pipeline, maximum: 1, resumeWindowSeconds: 60))
        let error = try #require(throws: SpeechError.self) { try registry.create(format: format) }
        #expect(error.code == .overloaded && error.message.contains("1"))
        registry.adopt(SessionRegistry.Policy(pipeline: pipeline, maximum: 3, resumeWindowSeconds: 60))
        _ = try registry.create(format: format)
        #expect(registry.count == 2)
    }

    @Test func `what a client is told is published, and how the session got there`() async throws {
        let feed = RecordedFeed()
        let session = try makeRegistry(ScriptedRecognizer(failing: [2], silent: [3]), feed: feed).create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        // What comes at once may be taken at once; then nobody needs a partial result of it.
        let audio = TestAudio.bursts(4)
        send(Array(audio[..<25_600]), to: session, as: number)
        while feed.transcripts.isEmpty { await Task.yield() }
        send(Array(audio[25_600...]), to: session, as: number)
        session.end()
        let told = await listener.untilEnd()
        #expect(feed.transcripts.map(\.sequenceNumber).compactMap(\.self) == [1, 2])
        #expect(feed.transcripts.filter { $0.sequenceNumber != nil }.map(\.hypothesis) == told.finals.map(\.hypothesis))
        #expect(feed.transcripts.contains { $0.sequenceNumber == nil })
        #expect(feed.ended == [session.id])
        let events = feed.events
        #expect(events.first?.type == .pipelineStarted && events.last?.type == .pipelineStopped)
        let outcomes = events.filter { $0.type == .processingCompleted }.map { $0.metadata["outcome"] }
        #expect(outcomes == ["transcript", "failed", "empty", "transcript"])
        for type in [EventType.speechStarted, .speechStopped, .processingStarted] {
            #expect(events.filter { $0.type == type }.map { $0.metadata["utterance"] } == [1, 2, 3, 4])
        }
        // Speech begins after the first burst's pre-roll, which is cut off at the session's beginning.
        #expect(events.first { $0.type == .speechStarted }?.metadata["start_ms"] == 0)
    }

    @Test func `the latency of a final is its own, however answers overtake each other`() async throws {
        let recognizer = ScriptedRecognizer(isHolding: true)
        let clock = TestClock()
        let feed = RecordedFeed()
        let session = try makeRegistry(recognizer, clock: clock, feed: feed).create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        send(TestAudio.bursts(2), to: session, as: number)
        await recognizer.untilHeld(2)
        clock.advance(seconds: 1)
        recognizer.answer(2)
        clock.advance(seconds: 2)
        recognizer.answer(1)
        let told = await listener.until(finals: 2)
        #expect(told.finals.map(\.latency.recogniserMS) == [3000, 1000])
        session.end()
        _ = await listener.untilEnd()
        // The second one had to wait for the first.
        #expect(feed.transcripts.filter { $0.sequenceNumber != nil }.map { $0.timeline[.stt] } == [3000, 3000])
    }

    @Test(arguments: [-86_400_000, 86_400_000] as [Int64])
    func `the wall clock may be set: durations, resumption and names do not depend on it`(step: Int64) async throws {
        let recognizer = ScriptedRecognizer(isHolding: true)
        let clock = TestClock()
        let feed = RecordedFeed()
        let registry = makeRegistry(recognizer, clock: clock, feed: feed)
        let session = try registry.create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        send(TestAudio.bursts(1), to: session, as: number)
        await recognizer.untilHeld(1)
        clock.setWall(by: step)
        clock.advance(seconds: 2)
        recognizer.answer(1)
        let told = await listener.until(finals: 1)
        #expect(told.finals.map(\.latency.recogniserMS) == [2000])

        // Away for less than the window of 60 s, whatever the wall says.
        session.detach(number)
        clock.setWall(by: step)
        clock.advance(seconds: 59)
        registry.sweep()
        #expect(try registry.find(session.id, token: session.resumeToken).id == session.id)
        clock.advance(seconds: 2)
        registry.sweep()
        #expect(registry.count == 0)
        // The last final was published meanwhile.
        #expect(feed.transcripts.filter { $0.sequenceNumber != nil }.map(\.timeline.totalMS) == [2000])
        let names = try (0..<3).map { _ in
            clock.setWall(by: -step)
            return try registry.create(format: format).id
        }
        #expect(Set(names + [session.id]).count == 4)
    }
}
