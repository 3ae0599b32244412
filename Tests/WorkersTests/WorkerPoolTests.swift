import Foundation
import Glibc
import Ports
import SpeechModel
import Synchronization
import Testing

@testable import Workers

/// The real worker program with the real model: crashes and hangs of the C code cannot be had otherwise.
@Suite(.serialized) struct WorkerPoolTests {
    @Test func `real speech is recognised`() async throws {
        try await withPool(decoders: 1) { pool in
            let text = try await recognise(speech(), with: pool)
            #expect(text == "go forward ten meters")
        }
    }

    @Test func `killing and stopping decoders costs no utterance while twenty speak`() async throws {
        try await withPool(decoders: 4, waitMS: 60_000, hangTimeoutMS: 4000) { pool in
            let audio = try speech()
            let victims = pool.processIDs
            #expect(victims.count == 4)
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await recognise(audio, with: pool) } }
                // Two die at once, one only stops answering.
                kill(victims[0], SIGKILL)
                kill(victims[1], SIGKILL)
                kill(victims[2], SIGSTOP)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(texts == Array(repeating: "go forward ten meters", count: 20))
            #expect(pool.statistics.crashes == 2)
            #expect(pool.statistics.hangs == 1)
            #expect(pool.statistics.failures == 0)
        }
    }

    @Test func `no turn is lost, whatever becomes of utterances`() async throws {
        try await withPool(decoders: 6, waitMS: 60_000, hangTimeoutMS: 4000) { pool in
            let audio = try speech()
            let ends = (0..<90).map { _ in Answer() }
            await withTaskGroup { group in
                for lane in 0..<9 {
                    group.addTask {
                        for index in stride(from: lane, to: ends.count, by: 9) {
                            let recognition = pool.begin(
                                RecognitionRequest(key: UtteranceKey(epoch: 0, number: index), adaptation: known),
                                observer: ends[index])
                            for start in stride(from: 0, to: 16_000, by: 512) {
                                audio[start..<start + 512].withUnsafeBufferPointer { recognition.append($0) }
                                if index % 5 == 2, start == 4096 * (1 + index % 3) { recognition.park() }
                                if start % 2048 == 0 { await Task.yield() }
                            }
                            if index % 7 == 3 { recognition.cancel() } else { recognition.finish() }
                            if index == 40, let victim = pool.processIDs.randomElement() { kill(victim, SIGKILL) }
                            if index % 7 != 3 { _ = try? await ends[index].text() }
                        }
                    }
                }
            }
            while pool.load.busy + pool.load.waiting > 0 { await Task.yield() }
            #expect(pool.supervisor.turns.isIdle)
            #expect(pool.statistics.hangs + pool.statistics.failures == 0)
        }
    }

    @Test func `a decoder that waits for its turn is not taken for stuck`() async throws {
        // Sixteen decoders, each with two seconds to decode, on few cores: the last ones wait for longer than the limit.
        try await withPool(decoders: 16, hangTimeoutMS: 300) { pool in
            let audio = try speech()
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<16 { group.addTask { try await recognise(audio, with: pool) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(texts == Array(repeating: "go forward ten meters", count: 16))
            #expect(pool.statistics.hangs == 0)
        }
    }

    @Test func `an utterance waits for a decoder no longer than configured`() async throws {
        try await withPool(decoders: 1, waitMS: 100) { pool in
            let first = pool.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1)), observer: Answer())
            try await untilBusy(pool)
            let answer = Answer()
            _ = pool.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 2)), observer: answer)
            await #expect { try await answer.text() } throws: { ($0 as? SpeechError)?.code == .overloaded }
            first.cancel()
            #expect(try await recognise(speech(), with: pool) == "go forward ten meters")
        }
    }

    @Test func `one utterance more than may wait is refused at once`() async throws {
        try await withPool(decoders: 1, waitMS: 60_000, maximumWaiting: 1) { pool in
            let first = pool.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1)), observer: Answer())
            try await untilBusy(pool)
            let second = Answer()
            let waiting = pool.begin(
                RecognitionRequest(key: UtteranceKey(epoch: 0, number: 2), adaptation: known), observer: second)
            try speech().withUnsafeBufferPointer { waiting.append($0) }
            waiting.finish()
            while pool.load.waiting == 0 { await Task.yield() }
            let third = Answer()
            _ = pool.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 3)), observer: third)
            await #expect { try await third.text() } throws: { ($0 as? SpeechError)?.code == .overloaded }
            first.cancel()
            #expect(try await second.text() == "go forward ten meters")
        }
    }

    @Test func `a parked utterance lends its decoder to others and loses nothing`() async throws {
        try await withPool(decoders: 1) { pool in
            let audio = try speech()
            let answer = Answer()
            let parked = pool.begin(
                RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1), adaptation: known), observer: answer)
            audio[..<20_000].withUnsafeBufferPointer { parked.append($0) }
            try await untilBusy(pool)
            parked.park()
            #expect(try await recognise(audio, with: pool) == "go forward ten meters")
            audio[20_000...].withUnsafeBufferPointer { parked.append($0) }
            parked.finish()
            #expect(try await answer.text() == "go forward ten meters")
            #expect(pool.statistics.crashes + pool.statistics.hangs + pool.statistics.failures == 0)
        }
    }

    @Test func `a model that is not there is told at the start`() async throws {
        let pool = makePool(decoders: 1, models: "/nonexistent")
        await #expect { try await pool.start() } throws: { ($0 as? SpeechError)?.code == .brokenModel }
        await pool.stop()
    }

    @Test func `a program that is not there is told at the start`() async throws {
        let pool = WorkerPool(
            identity: RecognizerIdentity(engine: "none", model: "none", language: "en"),
            configuration: WorkerPool.Configuration(command: ["/nonexistent/mynah"], decoders: 1), clock: TestClock())
        await #expect { try await pool.start() } throws: { ($0 as? SpeechError)?.code == .missingDependency }
        await pool.stop()
    }

    @Test func `what a worker prints is told, without empty lines and without the memory of a crash`() async throws {
        let printed = Mutex<[String]>([])
        let pool = WorkerPool(
            identity: RecognizerIdentity(engine: "none", model: "none", language: "en"),
            configuration: WorkerPool.Configuration(
                command: ["/bin/sh", "-c", "echo; echo '  '; echo \"$SWIFT_BACKTRACE\" >&2"], decoders: 1), clock: TestClock()
        ) { incident in
            if case .printed(let line) = incident { printed.withLock { $0.append(line) } }
        }
        await #expect(throws: (any Error).self) { try await pool.start() }
        await pool.stop()
        #expect(Set(printed.withLock { $0 }) == ["enable=no"])
    }

    @Test func `when the template dies, it comes back and nothing is lost`() async throws {
        try await withPool(decoders: 2) { pool in
            let template = try parent(of: #require(pool.processIDs.first))
            kill(template, SIGKILL)
            #expect(try await recognise(speech(), with: pool) == "go forward ten meters")
            #expect(pool.statistics.templates == 2)
        }
    }
}

// MARK: -

let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// It lies beside the test bundle.
let program =
    Bundle.allBundles.map(\.bundleURL).map { $0.deletingLastPathComponent().appendingPathComponent("mynah").path }
    .first { FileManager.default.isExecutableFile(atPath: $0) } ?? root.appendingPathComponent(".build/debug/mynah").path

private func makePool(
    decoders: Int, waitMS: Int? = nil, maximumWaiting: Int? = nil, hangTimeoutMS: Int = 10_000, models: String? = nil
) -> WorkerPool {
    WorkerPool(
        identity: RecognizerIdentity(engine: "pocketsphinx", model: "en-us", language: "en"),
        configuration: WorkerPool.Configuration(
            command: [
                program, "worker", "live", models ?? root.appendingPathComponent(".native/models/pocketsphinx/en-us").path,
            ],
            decoders: decoders, waitForDecoderMS: waitMS, maximumWaiting: maximumWaiting, hangTimeoutMS: hangTimeoutMS),
        clock: TestClock())
}

private func withPool(
    decoders: Int, waitMS: Int? = nil, maximumWaiting: Int? = nil, hangTimeoutMS: Int = 10_000,
    _ body: (WorkerPool) async throws -> Void
) async throws {
    let pool = makePool(
        decoders: decoders, waitMS: waitMS, maximumWaiting: maximumWaiting, hangTimeoutMS: hangTimeoutMS)
    try await pool.start()
    do {
        try await body(pool)
    } catch {
        await pool.stop()
        throw error
    }
    await pool.stop()
}

func speech() throws -> [Int16] {
    let data = try Data(contentsOf: root.appendingPathComponent(".native/speech/goforward.raw"))
    return data.withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
}

/// What a session learnt before: so nothing depends on how far the machine is behind, as it does in a session's first utterance.
private let known = "40.34,-5.50,-0.13,5.04,2.44,-3.99,-1.31,-1.48,-5.07,-1.99,-6.43,-1.20,1.25"

private func recognise(_ audio: [Int16], with pool: WorkerPool) async throws -> String {
    let answer = Answer()
    let recognition = pool.begin(
        RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1), adaptation: known), observer: answer)
    audio.withUnsafeBufferPointer { recognition.append($0) }
    recognition.finish()
    return try await answer.text()
}

private func untilBusy(_ pool: WorkerPool) async throws {
    while pool.load.busy == 0 { await Task.yield() }
}

private func parent(of process: Int32) throws -> Int32 {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("PPid:") })
    return try #require(Int32(line.dropFirst(5).trimmingCharacters(in: .whitespaces)))
}

/// Waits for the last update of one utterance.
final class Answer: RecognitionObserver {
    private let stream: AsyncStream<RecognitionUpdate>
    private let continuation: AsyncStream<RecognitionUpdate>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) { continuation.yield(update) }

    func text() async throws -> String {
        for await update in stream {
            switch update {
            case .partial: continue
            case .final(let hypothesis, _): return hypothesis.text
            case .failed(let error): throw error
            }
        }
        return ""
    }
}

struct TestClock: Ports.Clock {
    var monotonicNanoseconds: UInt64 { DispatchTime.now().uptimeNanoseconds }
    var unixMilliseconds: UInt64 { 0 }
    func randomBits() -> UInt64 { 1 }
}
