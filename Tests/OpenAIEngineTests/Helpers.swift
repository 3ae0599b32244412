import OpenAIEngine
import Ports
import SpeechModel
import Synchronization
import Telemetry
import Testing

/// Hears what becomes of an utterance.
final class Ear: RecognitionObserver {
    /// `partial TEXT`, `final TEXT` or `failed CODE`, as they come.
    let told: AsyncStream<String>
    private let tell: AsyncStream<String>.Continuation
    private let last = Mutex<RecognitionUpdate?>(nil)

    init() { (told, tell) = AsyncStream.makeStream() }

    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {
        last.withLock { $0 = update }
        switch update {
        case .partial(let hypothesis, let through): tell.yield("partial \(hypothesis.text) \(through)")
        case .final(let hypothesis, _): tell.yield("final \(hypothesis.text)")
        case .failed(let error): tell.yield("failed \(error.code.rawValue)")
        }
    }

    /// What is told next.
    func next() async -> String? {
        var iterator = told.makeAsyncIterator()
        return await iterator.next()
    }

    var words: [Word] {
        if case .final(let hypothesis, _) = last.withLock({ $0 }) { hypothesis.words } else { [] }
    }
    var error: SpeechError? {
        if case .failed(let error) = last.withLock({ $0 }) { error } else { nil }
    }
}

/// Pauses that nobody waits for.
final class Pauses: Sendable {
    private let all = Mutex<[Duration]>([])
    var list: [Duration] { all.withLock { $0 } }
    func add(_ duration: Duration) { all.withLock { $0.append(duration) } }
}

/// A clock that runs for real, with a random generator that does not.
struct TestClock: Clock {
    private let start = ContinuousClock.now
    var monotonicNanoseconds: UInt64 { UInt64((ContinuousClock.now - start) / .nanoseconds(1)) }
    var unixMilliseconds: UInt64 { 1_000_000 }
    func randomBits() -> UInt64 { 77 }
}

/// A recogniser in front of a stand-in, and what is seen of it.
struct Bench {
    let provider: StandInProvider
    let recognizer: OpenAIRecognizer
    let metrics = MetricsRegistry()
    let pauses = Pauses()

    init(
        key: String? = "sk-test", timeoutMS: Int = 5000, concurrent: Int = 4, waiting: Int = 4, waitMS: Int? = nil,
        partialsMS: Int? = nil, price: Double = 0, suffix: String = "",
        _ answer: @escaping @Sendable (StandInProvider.Request, Int) -> StandInProvider.Answer
    ) async throws {
        provider = try await StandInProvider(answer)
        recognizer = OpenAIRecognizer(
            RemoteProvider(
                section: "stt.openai", baseURL: provider.baseURL + suffix, apiKey: key.map(Sensitive.init), model: "whisper-1",
                timeoutMS: timeoutMS),
            configuration: OpenAIRecognizer.Configuration(
                language: "en", maximumConcurrent: concurrent, maximumWaiting: waiting, maximumWaitMS: waitMS,
                partialsMS: partialsMS, pricePerMinute: price),
            usage: RemoteUsage(in: metrics), clock: TestClock(), pause: { [pauses] in pauses.add($0) })
    }

    func end() async throws {
        await recognizer.stop()
        try await provider.stop()
    }

    /// Says a second of something, or so many samples.
    func say(
        _ samples: Int = 16_000, _ ear: Ear = Ear(), language: String? = nil
    ) -> (ear: Ear, recognition: any Recognition) {
        let recognition = recognizer.begin(
            RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1), language: language), observer: ear)
        recognition.append((0..<samples).map { Int16(truncatingIfNeeded: $0) })
        recognition.finish()
        return (ear, recognition)
    }

    func requests(_ outcome: String) -> Bool { count(outcome) > 0 }

    func count(_ outcome: String) -> Int {
        let mark = "kind=\"transcription\",outcome=\"\(outcome)\"} "
        let line = metrics.exposition().split(separator: "\n").first { $0.contains(mark) }
        return line.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
    }
}

extension Recognition {
    func append(_ samples: [Int16]) { samples.withUnsafeBufferPointer { append($0) } }
}

/// Waits until something is so; a test that waits in vain ends by its time limit.
func until(_ condition: @Sendable () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
