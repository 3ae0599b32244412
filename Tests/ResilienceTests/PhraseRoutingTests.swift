import Ports
import Resilience
import SpeechModel
import Synchronization
import Testing

@Suite struct PhraseRoutingTests {
    private final class Observer: RecognitionObserver {
        func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {}
    }

    private func request(_ phrases: KeyPhrases? = nil) -> RecognitionRequest {
        RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1), keyPhrases: phrases)
    }

    @Test func `phrases go to the one that can hear them, once the other cannot`() async throws {
        let main = PuppetRecognizer()
        let spotter = PuppetRecognizer()
        let isDeaf = Atomic(false)
        let starts = Mutex(0)
        let routing = PhraseRouting(
            main, isMainDeaf: { isDeaf.load(ordering: .relaxed) }, startsAtOnce: true, clock: ManualClock(),
            spotter: {
                starts.withLock { $0 += 1 }
                return spotter
            }, report: { _ in })
        try await routing.start()
        #expect(starts.withLock { $0 } == 0)
        let phrases = KeyPhrases(["hey computer"], sensitivity: 0.5)
        _ = routing.begin(request(phrases), observer: Observer())
        #expect(main.utterances.count == 1)
        isDeaf.store(true, ordering: .relaxed)
        for _ in 0..<2 { _ = routing.begin(request(phrases), observer: Observer()) }
        _ = routing.begin(request(), observer: Observer())
        #expect(main.utterances.count == 2 && spotter.utterances.count == 2)
        #expect(starts.withLock { $0 } == 1 && routing.identity == main.identity)
        await routing.stop()
    }

    @Test func `without one that can, the main one says why not`() async throws {
        let main = PuppetRecognizer()
        let failures = Mutex(0)
        let routing = PhraseRouting(
            main, isMainDeaf: { true }, startsAtOnce: true, clock: ManualClock(), spotter: { throw PuppetRecognizer.Broken() },
            report: { if case .failure = $0 { failures.withLock { $0 += 1 } } })
        await #expect(throws: PuppetRecognizer.Broken.self) { try await routing.start() }
        _ = routing.begin(request(KeyPhrases(["hey computer"], sensitivity: 0.5)), observer: Observer())
        #expect(main.utterances.count == 1 && failures.withLock { $0 } == 1)
    }
}
