import Foundation
import Ports
import SpeechModel
import Testing

@testable import Workers

/// One process for all utterances, with a model that writes `a` for each stretch of loud sound (Tools/loudness-model).
@Suite struct BatchPoolTests {
    private func withPool(
        decoders: Int = 4, model: String = "loudness", _ body: (WorkerPool) async throws -> Void
    ) async throws {
        let folder = root.appendingPathComponent("Tests/Fixtures/models/\(model)").path
        let pool = WorkerPool(
            identity: RecognizerIdentity(engine: "sherpa-onnx", model: model, language: "en"),
            configuration: WorkerPool.Configuration(
                command: [program, "worker", "neural", "live", "1", "1", "cpu", folder], decoders: decoders,
                waitForDecoderMS: nil,
                hangTimeoutMS: 30_000, sharesProcess: true, measuresDecoders: true),
            clock: TestClock())
        do {
            try await pool.start()
            try await body(pool)
        } catch {
            await pool.stop()
            throw error
        }
        await pool.stop()
    }

    private func loudSpeech() throws -> [Int16] { try speech().map { Int16(clamping: Int($0) * 8) } }

    private func recognise(_ audio: [Int16], with pool: WorkerPool, keyPhrases: KeyPhrases? = nil) async throws -> String {
        let answer = Answer()
        let recognition = pool.begin(
            RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1), keyPhrases: keyPhrases), observer: answer)
        audio.withUnsafeBufferPointer { recognition.append($0) }
        recognition.finish()
        return try await answer.text()
    }

    @Test func `many utterances share one process`() async throws {
        try await withPool { pool in
            #expect(Set(pool.processIDs).count == 1 && pool.load.ready == pool.load.capacity)
            let audio = try loudSpeech()
            let texts = try await withThrowingTaskGroup { group in
                for _ in 0..<12 { group.addTask { try await recognise(audio, with: pool) } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts.count == 1 && texts.first?.hasPrefix("a") == true)
        }
    }

    @Test func `what one utterance asks in vain costs the others nothing`() async throws {
        try await withPool { pool in
            let process = pool.processIDs.first
            let audio = try loudSpeech()
            async let heard = recognise(audio, with: pool)
            let error = await #expect(throws: SpeechError.self) {
                try await recognise(audio, with: pool, keyPhrases: KeyPhrases(["hey"], sensitivity: 0.5))
            }
            #expect(try await heard.hasPrefix("a"))
            #expect(error?.code == .recogniserFailed)
            #expect(pool.processIDs.first == process && pool.statistics.crashes == 0)
        }
    }

    @Test func `an utterance that is parked or cancelled gives its slot back and leaves the process alone`() async throws {
        try await withPool(decoders: 1) { pool in
            let process = pool.processIDs.first
            let audio = try loudSpeech()
            let parked = Answer()
            let recognition = pool.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1)), observer: parked)
            audio.withUnsafeBufferPointer { recognition.append($0) }
            while pool.load.busy == 0 { await Task.yield() }
            recognition.park()
            let cancelled = pool.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 2)), observer: Answer())
            audio.withUnsafeBufferPointer { cancelled.append($0) }
            cancelled.cancel()
            #expect(try await recognise(audio, with: pool).hasPrefix("a"))
            recognition.finish()
            #expect(try await parked.text().hasPrefix("a"))
            #expect(pool.processIDs.first == process && pool.statistics.crashes == 0)
        }
    }

    @Test func `a folder without a model is told at the start`() async throws {
        let error = await #expect(throws: SpeechError.self) { try await withPool(model: "none") { _ in } }
        #expect(error?.code == .brokenModel && error?.message.contains("Fixtures/models/none") == true)
    }
}
