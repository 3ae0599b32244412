import Ports
import Resilience
import SpeechModel
import Synchronization
import Testing

@Suite struct ModelSwitchTests {
    /// Makes recognisers on request, and counts them.
    private final class Workshop: Sendable {
        let made = Mutex<[(name: String, puppet: Counter)]>([])
        let broken: Set<String>
        /// Are not started before they are let go.
        let slow: [String: Gate]

        init(broken: Set<String> = [], slow: Set<String> = []) {
            self.broken = broken
            self.slow = Dictionary(uniqueKeysWithValues: slow.map { ($0, Gate()) })
        }

        func make(_ name: String) -> Counter {
            let puppet = Counter(startFails: broken.contains(name), gate: slow[name])
            made.withLock { $0.append((name, puppet)) }
            return puppet
        }
        func count(_ name: String) -> Int { made.withLock { $0.count { $0.name == name } } }
        func heard(_ name: String) -> Int {
            made.withLock { $0.filter { $0.name == name }.reduce(0) { $0 + $1.puppet.heard.load(ordering: .relaxed) } }
        }
    }

    private final class Diary: Sendable {
        let entries = Mutex<[String]>([])
        func note(_ news: ModelSwitch.News) {
            entries.withLock {
                switch news {
                case .loaded(let name): $0.append("loaded \(name)")
                case .failed(let name, _): $0.append("failed \(name)")
                case .freed(let name): $0.append("freed \(name)")
                }
            }
        }
        func has(_ entry: String, times: Int = 1) async -> Bool {
            for _ in 0..<500 {
                if entries.withLock({ $0.count { $0 == entry } >= times }) { return true }
                try? await Task.sleep(for: .milliseconds(5))
            }
            return false
        }
    }

    private static func catalogue(_ english: String) -> ModelSwitch.Catalogue {
        ModelSwitch.Catalogue(
            defaults: ["en": english, "de": "german"], names: ["first": nil, "second": nil, "other": nil, "german": ["de"]],
            defaultLanguage: "en")
    }

    private func makeSwitch(_ workshop: Workshop, _ diary: Diary = Diary()) -> ModelSwitch {
        ModelSwitch(
            Self.catalogue("first"), identity: RecognizerIdentity(engine: "puppet", model: "first", language: "en"),
            clock: ManualClock(), make: { workshop.make($0) }, report: { diary.note($0) })
    }

    private func hear(_ models: ModelSwitch, _ pin: ModelPin?) {
        _ = models.begin(RecognitionRequest(key: UtteranceKey(epoch: 0, number: 1), model: pin), observer: Deaf())
    }

    @Test func `a new default serves new sessions, old ones keep theirs, and what is nobody's is freed`() async throws {
        let workshop = Workshop()
        let diary = Diary()
        let models = makeSwitch(workshop, diary)
        try await models.start()
        var old: ModelPin? = try models.pin(model: nil, language: nil)
        models.change(to: Self.catalogue("second"))
        #expect(await diary.has("loaded second"))
        let new = try models.pin(model: nil, language: "en")
        #expect(models.current == "second" && new.name == "second" && old?.name == "first")
        hear(models, old)
        hear(models, new)
        hear(models, nil)
        #expect(workshop.heard("first") == 1 && workshop.heard("second") == 2)
        #expect(!diary.entries.withLock { $0.contains("freed first") })
        old = nil
        #expect(await diary.has("freed first"))
        #expect(workshop.count("first") == 1 && workshop.count("second") == 1)
    }

    @Test func `a model is loaded when somebody asks for it, by name or language, once for all`() async throws {
        let workshop = Workshop()
        let diary = Diary()
        let models = makeSwitch(workshop, diary)
        try await models.start()
        #expect(workshop.count("german") == 0)
        do {
            let pins = try (0..<3).map { try models.pin(model: $0 == 0 ? "german" : nil, language: "de") }
            for pin in pins { hear(models, pin) }
            #expect(workshop.count("german") == 1 && workshop.heard("german") == 3)
        }
        #expect(await diary.has("freed german"))
        let again = try models.pin(model: "german", language: nil)
        let refused = #expect(throws: SpeechError.self) { try models.pin(model: "german", language: "fr") }
        #expect(refused?.code == .invalidParameter && refused?.advice.contains("It serves: de") == true)
        #expect(again.name == "german" && workshop.count("german") == 2)
        let error = #expect(throws: SpeechError.self) { try models.pin(model: "third", language: nil) }
        #expect(error?.code == .invalidParameter && error?.advice.contains("first, german, other, second") == true)
        #expect(throws: SpeechError.self) { try models.pin(model: nil, language: "fr") }
        #expect(models.languages == ["en", "de"])
    }

    @Test func `a model of many languages is told which, or that nobody knows`() throws {
        let general = ModelSwitch.Catalogue(
            defaults: ["en": "first", "de": "german"], names: ["first": nil, "german": ["de"], "general": nil],
            defaultLanguage: "en",
            anyLanguage: "general", unknownLanguage: "general")
        let models = makeSwitch(Workshop())
        models.change(to: general)
        for (asked, name, told) in [
            ("fr", "general", "fr"), ("auto", "general", nil), ("de", "german", "de"), ("en", "first", "en"),
            (nil, "first", "en"),
        ] as [(String?, String, String?)] {
            let pin = try models.pin(model: nil, language: asked)
            #expect(pin.name == name && pin.language == told, "\(asked ?? "nothing")")
        }
        let named = try models.pin(model: "general", language: "auto")
        #expect(named.name == "general" && named.language == nil)
        models.change(to: Self.catalogue("first"))
        let error = #expect(throws: SpeechError.self) { try models.pin(model: nil, language: "auto") }
        #expect(error?.message.contains("finds out") == true && error?.advice.contains("de, en") == true)
    }

    @Test func `a default that cannot be loaded leaves the old one where it is`() async throws {
        let workshop = Workshop(broken: ["second"])
        let diary = Diary()
        let models = makeSwitch(workshop, diary)
        try await models.start()
        models.change(to: Self.catalogue("second"))
        #expect(await diary.has("failed second"))
        #expect(models.current == "first" && workshop.count("first") == 1)
        hear(models, nil)
        #expect(workshop.heard("first") == 1)
        // It is told once, and once more when it is chosen and tried again.
        #expect(await diary.has("freed second") && diary.entries.withLock { $0.count { $0 == "failed second" } } == 1)
        models.change(to: Self.catalogue("first"))
        models.change(to: Self.catalogue("second"))
        #expect(await diary.has("failed second", times: 2))
        #expect(workshop.count("second") == 2)
    }

    @Test func `of several defaults that are chosen while they load, the last one serves`() async throws {
        let workshop = Workshop(slow: ["second", "other"])
        let diary = Diary()
        let models = makeSwitch(workshop, diary)
        try await models.start()
        models.change(to: Self.catalogue("second"))
        models.change(to: Self.catalogue("other"))
        workshop.slow["other"]?.open()
        #expect(await diary.has("loaded other"))
        #expect(models.current == "other")
        workshop.slow["second"]?.open()
        #expect(await diary.has("freed second"))
        #expect(models.current == "other" && !diary.entries.withLock { $0.contains("loaded second") })
    }

    @Test func `a default that is taken back while another loads goes on`() async throws {
        let workshop = Workshop(slow: ["second"])
        let diary = Diary()
        let models = makeSwitch(workshop, diary)
        try await models.start()
        models.change(to: Self.catalogue("second"))
        models.change(to: Self.catalogue("first"))
        workshop.slow["second"]?.open()
        #expect(await diary.has("freed second"))
        #expect(models.current == "first" && diary.entries.withLock { $0 } == ["freed second"])
        hear(models, nil)
        #expect(workshop.heard("first") == 1 && workshop.count("first") == 1)
    }
}

/// Those who wait for it go on when it opens.
private final class Gate: Sendable {
    private let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    func open() { continuation.finish() }
    func wait() async { for await _ in stream {} }
}

private final class Deaf: RecognitionObserver {
    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {}
}

/// Counts what it is given, and keeps nothing of it.
private final class Counter: Recognizer {
    let identity = RecognizerIdentity(engine: "counter", model: "counter", language: "en")
    let load = RecognizerLoad(ready: 1, busy: 0, waiting: 0, capacity: 1)
    let heard = Atomic(0)
    private let startFails: Bool

    private let gate: Gate?

    init(startFails: Bool, gate: Gate? = nil) {
        self.startFails = startFails
        self.gate = gate
    }

    func start() async throws {
        await gate?.wait()
        if startFails { throw PuppetRecognizer.Broken() }
    }
    func stop() async {}
    func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        heard.add(1, ordering: .relaxed)
        return Silence()
    }

    private final class Silence: Recognition {
        func append(_ samples: UnsafeBufferPointer<Int16>) {}
        func finish() {}
        func cancel() {}
        func park() {}
    }
}
