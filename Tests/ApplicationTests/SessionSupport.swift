import Application
import Ports
import SpeechModel
import Synchronization

/// Collects a session's events.
final class Listener: SessionListener {
    struct Seen {
        var finals: [FinalResult] = []
        var failures: [SpeechError] = []
        var lastSequence: Int?
    }
    private let stream: AsyncStream<SessionEvent>
    private let continuation: AsyncStream<SessionEvent>.Continuation
    init() { (stream, continuation) = AsyncStream.makeStream() }
    func session(_ event: SessionEvent) { continuation.yield(event) }

    func untilEnd() async -> Seen { await collect { $0.lastSequence != nil } }
    func until(finals count: Int) async -> Seen { await collect { $0.finals.count == count } }
    private func collect(_ isEnough: (Seen) -> Bool) async -> Seen {
        var seen = Seen()
        for await event in stream {
            switch event {
            case .transcript(.final(let result), _): seen.finals.append(result)
            case .transcript(.failed(let error), _): seen.failures.append(error)
            case .ended(let last): seen.lastSequence = last
            default: break
            }
            if isEnough(seen) { break }
        }
        return seen
    }
    /// The first thing that is told.
    func first() async -> String {
        for await event in stream { if case .began = event { return "began" } else { return "other" } }
        return ""
    }
    func untilResumed() async -> Int {
        for await case .resumed(let next, _) in stream { return next }
        return -1
    }
    func untilReplaced() async -> Bool {
        for await case .replaced in stream { return true }
        return false
    }
    func untilBroken() async -> SpeechError? {
        for await case .broken(let error) in stream { return error }
        return nil
    }
}

final class TestClock: Ports.Clock {
    private let nanoseconds = Atomic<UInt64>(1)
    private let bits = Atomic<UInt64>(7)
    var monotonicNanoseconds: UInt64 { nanoseconds.load(ordering: .relaxed) }
    private let wallStep = Atomic<Int64>(0)
    var unixMilliseconds: UInt64 { UInt64(1_795_222_800_000 + wallStep.load(ordering: .relaxed)) }
    func setWall(by milliseconds: Int64) { wallStep.wrappingAdd(milliseconds, ordering: .relaxed) }
    func randomBits() -> UInt64 { bits.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue }
    func advance(seconds: UInt64) { nanoseconds.wrappingAdd(seconds * 1_000_000_000, ordering: .relaxed) }
}

/// Sends audio as a client does: 20 ms at a time.
func send(_ bytes: [UInt8], to session: LiveSession, as number: Int) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = rest.prefix(640)
        rest = rest.dropFirst(piece.count)
        _ = piece.withUnsafeBytes { session.ingest($0, from: number) }
    }
}
