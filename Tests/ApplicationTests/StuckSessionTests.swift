import Application
import Dispatch
import PipelineFeed
import Ports
import Resilience
import SpeechModel
import SpeechPipeline
import Synchronization
import Telemetry
import Testing

@Suite struct StuckSessionTests {
    /// A registry with one lane, whose annotator stops at the first final until it is let go.
    private func makeRegistry(
        _ recognizer: any Recognizer = ScriptedRecognizer(), feed: RecordedFeed, gate: DispatchSemaphore,
        entered: @escaping @Sendable () -> Void, metrics: MetricsRegistry = MetricsRegistry(), admission: Admission? = nil
    ) -> SessionRegistry {
        let count = Counted()
        return SessionRegistry(
            services: SessionServices(
                recognizer: recognizer, makeDetector: { LoudnessDetector() },
                clock: RealClock(), metrics: SessionMetrics(registry: metrics), feed: feed,
                annotate: { _, language in
                    if count.next() == 1 {
                        entered()
                        gate.wait()
                    }
                    return .unexamined(expecting: language)
                }, language: "en", admission: admission),
            lanes: 1,
            policy: SessionRegistry.Policy(pipeline: SpeechPipeline.Configuration(), maximum: 10, resumeWindowSeconds: 60))
    }
    private var format: AudioFormat { get throws { try AudioFormat(sampleRate: 16_000, channels: 1) } }

    @Test func `a session that does not come back is given up, and the others on its lane lose nothing`() async throws {
        let feed = RecordedFeed()
        let gate = DispatchSemaphore(value: 0)
        let metrics = MetricsRegistry()
        let (isIn, enter) = AsyncStream<Void>.makeStream()
        let recognizer = ScriptedRecognizer()
        let registry = makeRegistry(recognizer, feed: feed, gate: gate, entered: { enter.finish() }, metrics: metrics)
        let (reports, tell) = AsyncStream<StuckStage>.makeStream()

        let ill = try registry.create(format: format)
        let illListener = EventLog()
        let illNumber = ill.attach(illListener)
        send(TestAudio.bursts(1), to: ill, as: illNumber)
        for await _ in isIn {}
        // The lane is stuck, and this session does not know it.
        let well = try registry.create(format: format)
        let wellListener = EventLog()
        let wellNumber = well.attach(wellListener)
        send(TestAudio.bursts(1), to: well, as: wellNumber)
        registry.watch(limitMS: 30) { tell.yield($0) }

        var news = reports.makeAsyncIterator()
        let stuck = try #require(await news.next())
        #expect(stuck.session == ill.id && stuck.stage == .language && stuck.error.code == .stageStuck)
        send(TestAudio.bursts(2), to: well, as: wellNumber)
        well.end()
        let heard = await wellListener.until { if case .ended = $0 { true } else { false } }
        #expect(heard.finals == [1, 2, 3] && heard.broken == nil)
        let told = await illListener.until { if case .broken = $0 { true } else { false } }
        #expect(told.broken?.code == .stageStuck)
        // It had told the final to its client before it got stuck, but did not publish it.
        #expect(registry.count == 1)
        #expect {
            _ = try registry.find(ill.id, token: ill.resumeToken)
        } throws: {
            ($0 as? SpeechError)?.code == .sessionUnknown
        }
        #expect(feed.ended.contains(ill.id))
        #expect(metrics.exposition().contains("mynah_stuck_stages_total{stage=\"language\"} 1"))
        let failure = feed.events.filter { $0.type == .stageError }
        #expect(failure.map { $0.metadata["stage"] } == ["language"])
        #expect(feed.events.filter { $0.type == .errorOccurred }.count == 1)

        // The old thread comes back, and says nothing more.
        let eventsBefore = feed.events.count
        let transcriptsBefore = feed.transcripts.filter { $0.sequenceNumber != nil }.count
        #expect(transcriptsBefore == 3)
        gate.signal()
        send(TestAudio.bursts(1), to: ill, as: illNumber)
        ill.end()
        let last = try registry.create(format: format)
        let lastListener = EventLog()
        _ = last.attach(lastListener)
        last.end()
        _ = await lastListener.until { if case .ended = $0 { true } else { false } }
        #expect(feed.transcripts.filter { $0.sequenceNumber != nil }.count == transcriptsBefore)
        // The last session's own beginning and end.
        #expect(feed.events.count == eventsBefore + 2)
    }

    @Test func `a new session is refused while results are late, and resuming is not`() async throws {
        let admission = Admission(limitMS: 250, clock: RealClock())
        let metrics = MetricsRegistry()
        let registry = makeRegistry(
            feed: RecordedFeed(), gate: DispatchSemaphore(value: 0), entered: {}, metrics: metrics, admission: admission)
        registry.adopt(
            SessionRegistry.Policy(
                pipeline: SpeechPipeline.Configuration(), maximum: 10, resumeWindowSeconds: 60, overloadLagMS: 250))
        let session = try registry.create(format: format)
        for _ in 0..<5 { admission.answered(after: 600_000_000) }
        let error = try #require(throws: SpeechError.self) { try registry.create(format: format) }
        #expect(error.code == .overloaded && error.isRetryable && error.message.contains("late"))
        #expect(metrics.exposition().contains("mynah_sessions_refused_total{reason=\"lag\"} 1"))
        #expect(try registry.find(session.id, token: session.resumeToken) === session)
        #expect(registry.count == 1 && registry.refusedSessions == 1)
        // SIGHUP with another limit.
        registry.adopt(
            SessionRegistry.Policy(
                pipeline: SpeechPipeline.Configuration(), maximum: 10, resumeWindowSeconds: 60, overloadLagMS: 2000))
        _ = try registry.create(format: format)
    }
}

/// Collects what a connection is told.
private final class EventLog: SessionListener {
    struct Seen {
        var finals: [Int] = []
        var broken: SpeechError?
    }
    private let stream: AsyncStream<SessionEvent>
    private let continuation: AsyncStream<SessionEvent>.Continuation
    init() { (stream, continuation) = AsyncStream.makeStream() }
    func session(_ event: SessionEvent) { continuation.yield(event) }

    func until(_ isLast: (SessionEvent) -> Bool) async -> Seen {
        var seen = Seen()
        for await event in stream {
            if case .transcript(.final(let result), _) = event { seen.finals.append(result.sequence) }
            if case .broken(let error) = event { seen.broken = error }
            if isLast(event) { break }
        }
        return seen
    }
}

private final class Counted: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

private struct RealClock: Ports.Clock {
    var monotonicNanoseconds: UInt64 { DispatchTime.now().uptimeNanoseconds }
    var unixMilliseconds: UInt64 { 1_795_222_800_000 }
    func randomBits() -> UInt64 { UInt64.random(in: 0 ... .max) }
}
