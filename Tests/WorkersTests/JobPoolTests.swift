import Foundation
import Ports
import SpeechModel
import Synchronization
import Testing
import Workers

/// With the built-in voices, whose process needs no model.
@Suite struct JobPoolTests {
    private func withPool(
        maximumWaiting: Int = 64, hangTimeoutMS: Int = 30_000, command: [String]? = nil,
        report: @escaping @Sendable (WorkerIncident) -> Void = { _ in }, _ body: (JobPool) async throws -> Void
    ) async throws {
        let pool = JobPool(
            configuration: JobPool.Configuration(
                command: command ?? [program, "worker", "job", "flite", "1", "cpu"], failure: .synthesisFailed,
                maximumWaiting: maximumWaiting, hangTimeoutMS: hangTimeoutMS), clock: TestClock(), report: report)
        do {
            try await body(pool)
        } catch {
            await pool.stop()
            throw error
        }
        await pool.stop()
    }

    private func speak(_ text: String, with pool: JobPool) async throws -> Int {
        guard case .samples(let samples)? = try await pool.run(SynthesisJob(text: text, speaker: 0, speed: 1).values).first else {
            return 0
        }
        return samples.count
    }

    @Test func `jobs are done one after another, and each gets its own result`() async throws {
        try await withPool { pool in
            let greeting = try await pool.start()
            #expect(greeting == [.numbers([16_000])])
            let texts = (1...12).map { String(repeating: "one two three ", count: $0) }
            let lengths = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for (index, text) in texts.enumerated() { group.addTask { (index, try await speak(text, with: pool)) } }
                return try await group.reduce(into: [Int](repeating: 0, count: 12)) { $0[$1.0] = $1.1 }
            }
            #expect(lengths == lengths.sorted() && lengths[0] > 8000 && lengths[11] > lengths[0] * 6)
        }
    }

    @Test func `a process that dies is replaced, and its jobs are done`() async throws {
        let reasons = Mutex<[String]>([])
        let report: @Sendable (WorkerIncident) -> Void = { incident in
            if case .templateEnded(_, let reason) = incident { reasons.withLock { $0.append(reason) } }
        }
        try await withPool(report: report) { pool in
            _ = try await pool.start()
            let first = try #require(pool.processID)
            async let spoken = withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await speak(String(repeating: "one two three ", count: 30), with: pool) } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            try await Task.sleep(for: .milliseconds(50))
            kill(first, SIGKILL)
            let lengths = try await spoken
            #expect(lengths.count == 6 && lengths.allSatisfy { $0 > 100_000 })
            #expect(pool.processID != first)
            #expect(reasons.withLock { $0.count } == 1 && reasons.withLock { $0[0].contains("signal 9, Killed") })
        }
    }

    @Test func `nobody waits for a model that cannot be loaded any more, and when it is mended it serves again`() async throws {
        let damaged = NSTemporaryDirectory() + "mynah-damaged-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: damaged) }
        let command = "[ -e '\(damaged)' ] && exit 1; exec '\(program)' worker job flite 1 cpu"
        try await withPool(command: ["/bin/sh", "-c", command]) { pool in
            _ = try await pool.start()
            #expect(try await speak("hello", with: pool) > 3000)
            try Data().write(to: URL(fileURLWithPath: damaged))
            kill(try #require(pool.processID), SIGKILL)
            // The one that waits for the new process, and those that come later.
            for _ in 0..<3 {
                let error = await #expect(throws: SpeechError.self) { try await speak("hello", with: pool) }
                #expect(error?.code == .synthesisFailed)
            }
            try FileManager.default.removeItem(atPath: damaged)
            var length = 0
            for _ in 0..<100 where length == 0 {
                length = (try? await speak("hello", with: pool)) ?? 0
                if length == 0 { try await Task.sleep(for: .milliseconds(100)) }
            }
            #expect(length > 3000)
        }
    }

    @Test func `a process that stands still is replaced`() async throws {
        let hangs = Mutex(0)
        try await withPool(hangTimeoutMS: 700, report: { incident in if case .hung = incident { hangs.withLock { $0 += 1 } } }) {
            pool in
            _ = try await pool.start()
            let first = try #require(pool.processID)
            kill(first, SIGSTOP)
            let length = try await speak("hello", with: pool)
            #expect(length > 3000)
            #expect(hangs.withLock { $0 } == 1 && pool.processID != first)
        }
    }

    @Test func `one job more than may wait is refused, and one that nobody wants is left out`() async throws {
        try await withPool(maximumWaiting: 1) { pool in
            _ = try await pool.start()
            let process = try #require(pool.processID)
            kill(process, SIGSTOP)
            let running = Task { try await speak("one", with: pool) }
            try await Task.sleep(for: .milliseconds(100))
            let waiting = Task { try await speak("two", with: pool) }
            try await Task.sleep(for: .milliseconds(100))
            let error = await #expect(throws: SpeechError.self) { try await speak("three", with: pool) }
            #expect(error?.code == .overloaded)
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            let next = Task { try await speak("four", with: pool) }
            kill(process, SIGCONT)
            #expect(try await running.value > 3000)
            #expect(try await next.value > 3000)
        }
    }

    @Test func `what cannot be loaded is told, and nothing is done afterwards`() async throws {
        let folder = root.appendingPathComponent("Tests/Fixtures/models/loudness").path
        try await withPool(command: [program, "worker", "job", "voice", "1", "cpu", folder]) { pool in
            let error = await #expect(throws: SpeechError.self) { try await pool.start() }
            #expect(error?.code == .brokenModel && error?.message.contains("not a voice") == true)
            await #expect(throws: SpeechError.self) { try await speak("one", with: pool) }
        }
        try await withPool(command: ["/nowhere/at/all"]) { pool in
            let error = await #expect(throws: SpeechError.self) { try await pool.start() }
            #expect(error?.code == .missingDependency)
        }
    }

    @Test func `a voice speaks sentence by sentence, as somebody else or faster`() async throws {
        let pool = JobPool(
            configuration: JobPool.Configuration(
                command: [program, "worker", "job", "flite", "1", "cpu"], failure: .synthesisFailed), clock: TestClock())
        let voice = WorkerSynthesizer(
            pool, identity: SynthesizerIdentity(engine: "flite", model: "slt"),
            voices: ["slt", "awb", "rms", "kal16"].map { Voice(id: $0, languages: ["en"]) })
        await #expect(throws: SpeechError.self) { try await voice.speak(SpeechRequest("too early")) }
        try await voice.start()
        #expect(voice.voices.map(\.id) == ["slt", "awb", "rms", "kal16"])
        func lengths(_ request: SpeechRequest) async throws -> [Int] {
            let audio = try await voice.speak(request)
            #expect(audio.sampleRate == 16_000)
            var lengths: [Int] = []
            while let samples = try await audio.next() { lengths.append(samples.count) }
            #expect(try await audio.next() == nil)
            return lengths
        }
        let slow = try await lengths(SpeechRequest("Good morning. How are you? Fine."))
        #expect(slow.count == 3 && slow.allSatisfy { $0 > 3000 })
        // Short sentences are mostly the silence around them.
        let text = "Good morning everybody how are you today I hope that you are very well"
        let usual = try await lengths(SpeechRequest(text))
        let fast = try await lengths(SpeechRequest(text, speed: 2))
        #expect((0.4...0.6).contains(Double(fast[0]) / Double(usual[0])))
        #expect(try await lengths(SpeechRequest("Good morning.", voice: "rms")) != [slow[0]])
        let error = await #expect(throws: SpeechError.self) { try await voice.speak(SpeechRequest("a", voice: "nobody")) }
        #expect(error?.code == .invalidParameter)
        let cut = try await voice.speak(SpeechRequest("Good morning. How are you?"))
        _ = try await cut.next()
        cut.cancel()
        #expect(try await cut.next() == nil)
        await voice.stop()
        await #expect(throws: SpeechError.self) { _ = try await voice.speak(SpeechRequest("Late.")).next() }
    }
}
