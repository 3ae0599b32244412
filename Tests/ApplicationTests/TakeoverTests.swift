import Application
import PipelineFeed
import SessionMirror
import SpeechModel
import SpeechPipeline
import Synchronization
import Telemetry
import Testing

@Suite struct `A session that goes on at another server` {
    private let standby = RecordedReplication()

    private func makeRegistry(_ recognizer: ScriptedRecognizer = ScriptedRecognizer(), feed: RecordedFeed = RecordedFeed())
        -> SessionRegistry
    {
        SessionRegistry(
            services: SessionServices(
                recognizer: recognizer, makeDetector: { LoudnessDetector() },
                clock: TestClock(), metrics: SessionMetrics(registry: MetricsRegistry()),
                feed: feed, annotate: { _, language in .unexamined(expecting: language) }, language: "en",
                replication: standby),
            lanes: 1,
            policy: SessionRegistry.Policy(
                pipeline: SpeechPipeline.Configuration(), maximum: 10, resumeWindowSeconds: 60))
    }
    private var format: AudioFormat { get throws { try AudioFormat(sampleRate: 16_000, channels: 1) } }

    @Test func `a final is told when the standby has it, and not before`() async throws {
        let feed = RecordedFeed()
        standby.hold()
        let session = try makeRegistry(feed: feed).create(format: format)
        let listener = Listener()
        let number = session.attach(listener)
        send(TestAudio.bursts(2), to: session, as: number)
        await standby.until { $0.finals == 2 }
        #expect(feed.transcripts.isEmpty)
        // The session's name, which is the first record, was not told either.
        standby.release(1)
        #expect(await listener.first() == "began")
        standby.release(.max)
        session.end()
        let events = await listener.untilEnd()
        #expect(events.finals.map(\.sequence) == [1, 2])
        #expect(feed.transcripts.compactMap(\.sequenceNumber) == [1, 2])
        // What the standby got is what was published.
        #expect(standby.mirror.allFinals.map(\.kept.final.message) == ["utterance-1", "utterance-2"])
    }

    @Test func `no final is lost or gets a second number`() async throws {
        let audio = TestAudio.bursts(6)
        let primary = makeRegistry()
        let session = try primary.create(format: format)
        let first = Listener()
        let number = session.attach(first)
        send(Array(audio[..<200_000]), to: session, as: number)
        let before = await first.until(finals: 3)
        // What the standby knows at this moment is all that is left.
        let mirror = standby.mirror
        primary.close(SpeechError(.notReady, "Another server took over.", advice: "Go there."))
        #expect(await first.untilBroken()?.code == .notReady)

        let recognizer = ScriptedRecognizer()
        let other = makeRegistry(recognizer)
        #expect(other.open(with: mirror) == 1)
        let found = try other.find(session.id, token: session.resumeToken)
        let second = Listener()
        let again = found.attach(second, lastSequence: 2)
        let position = await second.untilResumed()
        // In the third pause, so that the third burst is not heard again, and the fourth whole.
        #expect((80_000...96_000).contains(position))
        send(Array(audio[(position * 2)...]), to: found, as: again)
        found.end()
        let after = await second.untilEnd()
        #expect((before.finals.prefix(2) + after.finals).map(\.sequence) == [1, 2, 3, 4, 5, 6])
        let starts = after.finals.map { ($0.startMS + 400) / 2000 }
        #expect(starts == [2, 3, 4, 5])
        #expect(recognizer.heard.withLock { $0.count } == 3)
    }

    @Test func `a session that ended still tells its client what it missed`() async throws {
        let primary = makeRegistry()
        let session = try primary.create(format: format)
        let first = Listener()
        send(TestAudio.bursts(2), to: session, as: session.attach(first))
        session.end()
        _ = await first.untilEnd()
        await standby.until { $0.hasEnded }

        let other = makeRegistry()
        _ = other.open(with: standby.mirror)
        let second = Listener()
        _ = try other.find(session.id, token: session.resumeToken).attach(second, lastSequence: 0)
        let seen = await second.untilEnd()
        #expect(seen.finals.map(\.sequence) == [1, 2] && seen.lastSequence == 2)
    }

    @Test func `a server that is not in charge begins and finds no session, and says why`() throws {
        let registry = makeRegistry()
        registry.close(SpeechError(.notReady, "This is the standby.", advice: "Go to the primary."))
        #expect(throws: SpeechError.self) { try registry.create(format: format) }
        let error = #expect(throws: SpeechError.self) { try registry.find(SessionID("ses_x"), token: Sensitive("t")) }
        #expect(error?.message == "This is the standby.")
        _ = registry.open(with: SessionMirror())
        _ = try registry.create(format: format)
    }
}

/// A standby that has what it was given, when it is told to say so.
private final class RecordedReplication: Replication {
    struct State {
        var mirror = SessionMirror()
        var held: [@Sendable () -> Void]?
        var finals = 0
        var hasEnded = false
    }
    private let state = Mutex(State())

    var mirror: SessionMirror { state.withLock { $0.mirror } }
    func hold() { state.withLock { $0.held = [] } }

    func release(_ count: Int) {
        let released = state.withLock { state in
            let released = Array(state.held?.prefix(count) ?? [])
            state.held?.removeFirst(released.count)
            if count == .max { state.held = nil }
            return released
        }
        for whenSafe in released { whenSafe() }
    }

    func until(_ isEnough: (State) -> Bool) async { while !state.withLock({ isEnough($0) }) { await Task.yield() } }

    func replicate(_ record: SessionRecord, whenSafe: @escaping @Sendable () -> Void) {
        let isHeld = state.withLock { state in
            state.mirror.apply(record, at: 1)
            if case .final = record { state.finals += 1 }
            if case .ended = record { state.hasEnded = true }
            state.held?.append(whenSafe)
            return state.held != nil
        }
        if !isHeld { whenSafe() }
    }
}
