import PipelineFeed
import Ports
import SpeechModel
import Synchronization
import Testing
import WireProtocol

@testable import HTTPEdge

@Suite struct `The hub of the feed` {
    private let clock = SteppedClock()
    private let sunk = Sunk()
    private let session = SessionID("ses_a")

    private func makeHub(sinksPartials: Bool = false, reign: any Reign = SoleReign()) -> FeedHub {
        FeedHub(
            version: "1", clock: clock, events: { [sunk] topic, _ in sunk.add(topic) },
            transcripts: { [sunk] topic, _ in sunk.add(topic) }, sinksPartials: sinksPartials, reign: reign)
    }

    /// A final with this number, or a partial.
    private func transcript(_ sequence: Int?, of session: SessionID? = nil) -> PublishedTranscript {
        let source = TranscriptSource(session: session ?? self.session, sampleRate: 16_000, channels: 1)
        let word = Word("go", startMS: 0, endMS: 9, confidence: 1)
        let timeline = StageTimeline(lastSampleAt: clock.monotonicNanoseconds)
        var feed = TranscriptFeed(source: source, lastSequence: (sequence ?? 1) - 1) { _, _ in .unexamined(expecting: "en") }
        guard let sequence else {
            let partial = PartialResult(stable: [], unstable: [word], startMS: 0, endMS: 9)
            var transcript = feed.transcript(of: partial, timeline: timeline)
            transcript.annotation.language = "en"
            return transcript
        }
        let final = FinalResult(
            sequence: sequence, hypothesis: Hypothesis(words: [word]), startMS: 0, endMS: 9, latency: FinalLatency())
        return feed.transcript(of: final, timeline: timeline)!
    }

    @Test func `whoever joins late gets what is kept and then what comes, once and in order`() {
        let hub = makeHub()
        for number in 1...3 { hub.publish(transcript(number)) }
        let bell = Bell()
        let (ticket, gaps, isKnown) = hub.join(bell, filter: FeedFilter(session: session), fromSequence: 2)
        #expect(gaps.isEmpty && isKnown)
        hub.publish(transcript(4))
        hub.publish(transcript(1, of: SessionID("ses_b")))
        let first = hub.take(2, for: ticket)
        let second = hub.take(2, for: ticket)
        #expect((first.messages + second.messages).map(\.number) == [2, 3, 4])
        #expect(second.resumePoints == nil)
        // It was told of nothing, because it knew that something waits; now it is.
        #expect(bell.rings == 0)
        hub.publish(transcript(5))
        hub.publish(transcript(6))
        #expect(bell.rings == 1)
        hub.leave(ticket)
        #expect(hub.take(9, for: ticket).messages.isEmpty && hub.statistics.subscribers == 0)
    }

    @Test func `without a number only what comes is given`() {
        let hub = makeHub()
        hub.publish(transcript(1))
        let (ticket, gaps, _) = hub.join(Bell(), filter: FeedFilter(), fromSequence: nil)
        #expect(gaps.isEmpty && hub.take(9, for: ticket).messages.isEmpty)
    }

    @Test func `what is no longer kept is told, and a session that nobody heard of`() {
        let hub = makeHub()
        for number in 1...2100 { hub.publish(transcript(number)) }
        let joined = hub.join(Bell(), filter: FeedFilter(session: session), fromSequence: 1)
        #expect(joined.gaps.count == 1 && joined.gaps.first?.missing.lowerBound == 1)
        #expect(!hub.join(Bell(), filter: FeedFilter(session: SessionID("ses_x")), fromSequence: nil).isSessionKnown)
        // One that only began is known.
        hub.publish(FeedEvent(.pipelineStarted), of: SessionID("ses_y"))
        #expect(hub.join(Bell(), filter: FeedFilter(session: SessionID("ses_y")), fromSequence: nil).isSessionKnown)
    }

    @Test func `partials are for those who want them`() {
        let hub = makeHub()
        #expect(!hub.wantsPartials)
        let (ticket, _, _) = hub.join(Bell(), filter: FeedFilter(wantsPartials: true), fromSequence: nil)
        let (other, _, _) = hub.join(Bell(), filter: FeedFilter(), fromSequence: nil)
        #expect(hub.wantsPartials)
        hub.publish(transcript(nil))
        #expect(hub.take(9, for: ticket).messages.count == 1 && hub.take(9, for: other).messages.isEmpty)
        #expect(sunk.topics.isEmpty)
        hub.leave(ticket)
        hub.leave(ticket)
        #expect(!hub.wantsPartials)
        let sinking = makeHub(sinksPartials: true)
        sinking.publish(transcript(nil))
        #expect(sinking.wantsPartials && sunk.topics == ["partial.en"])
    }

    @Test func `who does not read is to be disconnected and learns where to go on`() {
        let hub = makeHub()
        let bell = Bell()
        let (ticket, _, _) = hub.join(bell, filter: FeedFilter(), fromSequence: nil)
        for number in 1...1001 { hub.publish(transcript(number)) }
        let batch = hub.take(9, for: ticket)
        #expect(batch.messages.isEmpty && batch.resumePoints == [session: 1])
        // For the first message, and for the end.
        #expect(bell.rings == 2)
        hub.publish(transcript(1002))
        #expect(bell.rings == 2)
    }

    @Test func `what was published is counted`() {
        let hub = makeHub()
        #expect(hub.statistics.lastTranscriptTime == nil && hub.statistics.averageLatencyMS == 0)
        let slow = transcript(1)
        clock.advance(milliseconds: 40)
        let late = hub.prepare(slow)
        hub.publish(late)
        #expect(late.timeline?.totalMS == 40)
        hub.publish(transcript(2))
        hub.publish(.stateChanged(from: .idle, to: .listening), of: session)
        hub.publish(FeedEvent(.errorOccurred, level: .error), of: session)
        hub.publish(.stateChanged(from: .idle, to: .processing), of: SessionID("ses_b"))
        let statistics = hub.statistics
        #expect(statistics.transcripts == 2 && statistics.events == 3 && statistics.averageLatencyMS == 20)
        #expect(statistics.errors == 1 && statistics.errorsOfLastHour == 1 && statistics.historyFinals == 2)
        #expect(hub.state(of: session) == .listening && hub.state(of: nil) == .processing)
        hub.ended(SessionID("ses_b"))
        #expect(hub.state(of: nil) == .listening)
        clock.advance(milliseconds: 3_600_000)
        #expect(hub.statistics.errors == 1 && hub.statistics.errorsOfLastHour == 0)
        #expect(
            sunk.topics == [
                "transcript.en", "transcript.en", "event.state_changed", "event.error_occurred", "event.state_changed",
            ])
        hub.ended(session)
        clock.advance(milliseconds: 700_000)
        hub.sweep()
        #expect(hub.statistics.historyFinals == 0)
    }

    @Test func `a new reign tells the last finals again, byte for byte but for the term`() {
        let first = makeHub()
        let finals = (1...3).map { first.prepare(transcript($0)) }
        let reign = SteppedReign()
        let second = makeHub(reign: reign)
        let (ticket, _, _) = second.join(Bell(), filter: FeedFilter(), fromSequence: nil)
        reign.begin(7)
        second.takeOver(finals, recent: 2)
        let told = second.take(9, for: ticket).messages
        #expect(told.map(\.number) == [2, 3])
        for (message, final) in zip(told, finals.dropFirst()) {
            let old = String(decoding: final.json, as: UTF8.self)
            #expect(old.hasSuffix("\"term\":1}") && message.text == old.dropLast(2) + "7}")
        }
        #expect(sunk.topics == ["transcript.en", "transcript.en"])
        // The older one can be asked for.
        let (asking, gaps, _) = second.join(Bell(), filter: FeedFilter(session: session), fromSequence: 1)
        #expect(second.take(9, for: asking).messages.map(\.number) == [1, 2, 3] && gaps.isEmpty)
        // And what follows has the next number.
        second.publish(transcript(4))
        #expect(second.take(9, for: ticket).messages.map(\.number) == [4])
    }

    @Test func `nothing is told outside of one's reign, and nothing that waited after it`() {
        let reign = SteppedReign()
        reign.begin(1)
        let hub = makeHub(reign: reign)
        let (ticket, _, _) = hub.join(Bell(), filter: FeedFilter(), fromSequence: nil)
        hub.publish(transcript(1))
        reign.pause()
        hub.publish(transcript(2))
        hub.publish(FeedEvent(.pipelineStarted), of: session)
        #expect(hub.take(9, for: ticket).messages.isEmpty && sunk.topics.count == 1)
        hub.giveWay()
        reign.begin(3)
        #expect(hub.take(9, for: ticket).messages.isEmpty && hub.statistics.historyFinals == 0)
        hub.publish(transcript(3))
        #expect(hub.take(9, for: ticket).messages.map(\.number) == [3])
    }

    @Test(arguments: [-86_400_000, 86_400_000] as [Int64])
    func `the wall clock may be set: only what is stamped with it changes`(step: Int64) {
        let hub = makeHub()
        let (ticket, _, _) = hub.join(Bell(), filter: FeedFilter(), fromSequence: nil)
        let first = transcript(1)
        hub.publish(FeedEvent(.errorOccurred, level: .error), of: session)
        clock.advance(milliseconds: 30)
        clock.setWall(by: step)
        let late = hub.prepare(first)
        hub.publish(late)
        #expect(late.timeline?.totalMS == 30)
        #expect(hub.statistics.averageLatencyMS == 30 && hub.statistics.errorsOfLastHour == 1)
        hub.ended(session)
        clock.setWall(by: step)
        clock.advance(milliseconds: 599_000)
        hub.sweep()
        #expect(hub.statistics.historyFinals == 1)
        clock.advance(milliseconds: 1000)
        hub.sweep()
        #expect(hub.statistics.historyFinals == 0 && hub.statistics.errorsOfLastHour == 1)
        let stamps = hub.take(9, for: ticket).messages.compactMap(\.timestamp)
        #expect(stamps == [1_795_222_800, 1_795_222_800 + Double(step) / 1000])
    }

    @Test(arguments: [
        (["partials": "maybe"], "partials"), (["language": "English"], "language"), (["session": "x"], "session"),
        (["from_sequence": "0"], "from_sequence"),
    ])
    func `a query that makes no sense is refused by name`(query: [String: String], name: String) {
        let error = #expect(throws: SpeechError.self) { try FeedQuery.parse(query) }
        #expect(error?.code == .invalidParameter && error?.message.contains(name) == true)
    }
}

extension EncodedMessage {
    /// The number of a final.
    fileprivate var number: Int? {
        text.split(separator: "\"sequence_number\":").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// When it was published, in Unix seconds.
    fileprivate var timestamp: Double? {
        text.split(separator: "\"timestamp\":").dropFirst().first.flatMap { Double($0.prefix { $0.isNumber || $0 == "." }) }
    }
}

extension FeedHub {
    fileprivate func publish(_ transcript: PublishedTranscript) { publish(prepare(transcript)) }
}

private final class SteppedReign: Reign {
    private let state = Mutex((term: 0, isMine: false))
    var term: Int { state.withLock { $0.term } }
    var mayPublish: Bool { state.withLock { $0.isMine } }
    func begin(_ term: Int) { state.withLock { $0 = (term, true) } }
    func pause() { state.withLock { $0.isMine = false } }
}

private final class Bell: FeedSubscriber {
    private let count = Atomic(0)
    var rings: Int { count.load(ordering: .relaxed) }
    func feedHasMessages() { count.wrappingAdd(1, ordering: .relaxed) }
}

private final class Sunk: Sendable {
    private let state = Mutex<[String]>([])
    var topics: [String] { state.withLock { $0 } }
    func add(_ topic: [UInt8]) { state.withLock { $0.append(String(decoding: topic, as: UTF8.self)) } }
}

private final class SteppedClock: Ports.Clock {
    private let nanoseconds = Atomic<UInt64>(1_000_000)
    var monotonicNanoseconds: UInt64 { nanoseconds.load(ordering: .relaxed) }
    private let wallStep = Atomic<Int64>(0)
    var unixMilliseconds: UInt64 { UInt64(1_795_222_800_000 + wallStep.load(ordering: .relaxed)) }
    func randomBits() -> UInt64 { 7 }
    func setWall(by milliseconds: Int64) { wallStep.wrappingAdd(milliseconds, ordering: .relaxed) }
    func advance(milliseconds: UInt64) { nanoseconds.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }
}
