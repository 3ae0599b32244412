import AsyncHTTPClient
import AudioFiles
import NIOCore
import NIOHTTP1
public import Ports
public import SpeechModel
import Synchronization

/// A remote recogniser: each utterance is uploaded as a WAV file to a provider's `/v1/audio/transcriptions` when it is complete.
public final class OpenAIRecognizer: Recognizer {
    /// How it goes about it.
    public struct Configuration: Sendable {
        /// ISO 639-1 language of what is said, where an utterance names none.
        public var language: String
        /// Requests at once; nothing is sent beyond.
        public var maximumConcurrent: Int
        /// Utterances that may wait for one of them to end.
        public var maximumWaiting: Int
        /// How long; nil for as long as it takes.
        public var maximumWaitMS: Int?
        /// After so much more speech, what there is of an utterance is sent for a partial result; nil sends none.
        public var partialsMS: Int?
        /// What a minute of speech costs; 0 is not counted.
        public var pricePerMinute: Double

        /// Makes a configuration.
        public init(
            language: String, maximumConcurrent: Int, maximumWaiting: Int = .max, maximumWaitMS: Int? = nil,
            partialsMS: Int? = nil, pricePerMinute: Double = 0
        ) {
            self.language = language
            self.maximumConcurrent = maximumConcurrent
            self.maximumWaiting = maximumWaiting
            self.maximumWaitMS = maximumWaitMS
            self.partialsMS = partialsMS
            self.pricePerMinute = pricePerMinute
        }
    }

    private struct State {
        var isStarted = false
        var open: [ObjectIdentifier: OpenAIRecognition] = [:]
    }

    /// Much more than the words of the longest utterance.
    private static let answerLimit = 4 << 20
    /// OpenAI refuses what is shorter than 0.1 s.
    private static let minimumSamples = SampleTime.rate / 10

    public let identity: RecognizerIdentity
    /// Samples between two partial results.
    let samplesPerPartial: Int?

    private let provider: RemoteProvider
    private let configuration: Configuration
    private let client: RemoteClient
    private let gate: RequestGate
    private let usage: RemoteUsage
    private let clock: any Clock
    private let report: @Sendable (SpeechError) -> Void
    /// The model has refused to tell times.
    private let isTimeless = Atomic<Bool>(false)
    private let state = Mutex(State())

    /// Makes a recogniser; nothing is sent before ``start()``.
    ///
    /// - Parameters:
    ///   - pause: waits before a repetition; a test does not wait for real.
    ///   - report: hears of each utterance that failed here, on any thread.
    public init(
        _ provider: RemoteProvider, configuration: Configuration, usage: RemoteUsage, clock: any Clock,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        report: @escaping @Sendable (SpeechError) -> Void = { _ in }
    ) {
        self.provider = provider
        self.configuration = configuration
        self.usage = usage
        self.clock = clock
        self.report = report
        identity = RecognizerIdentity(
            engine: "openai (\(provider.name))", model: provider.model, language: configuration.language)
        samplesPerPartial = configuration.partialsMS.map { $0 * SampleTime.rate / 1000 }
        client = RemoteClient(
            provider, kind: .transcription, connections: configuration.maximumConcurrent, usage: usage, clock: clock, pause: pause
        )
        gate = RequestGate(
            limit: configuration.maximumConcurrent, maximumWaiting: configuration.maximumWaiting,
            maximumWaitMS: configuration.maximumWaitMS)
    }

    public var load: RecognizerLoad {
        RecognizerLoad(
            ready: state.withLock { $0.isStarted } ? gate.limit : 0, busy: gate.busy, waiting: gate.waiting, capacity: gate.limit)
    }

    /// Asks the provider whether it takes the key. One that cannot be reached is reported, and asked again with the first utterance: it
    /// may come back, and until then something else may stand in.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when the key is refused.
    public func start() async throws {
        do {
            try await check()
        } catch {
            guard error.code != .invalidConfiguration else { throw error }
            report(error)
        }
        state.withLock { $0.isStarted = true }
    }

    /// Asks the provider whether it takes the key.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when it does not, ``ErrorCode/recogniserFailed`` when it cannot be reached.
    public func check() async throws(SpeechError) { try await client.check(otherwise: .recogniserFailed) }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        let recognition = OpenAIRecognition(request.key, language: request.language, observer: observer, owner: self)
        guard request.keyPhrases == nil else {
            recognition.fail(
                SpeechError(
                    .recogniserFailed, "A remote recogniser cannot listen for wake words.",
                    advice: "Set stt.engine to pocketsphinx, or leave wakeword.phrases empty."))
            return recognition
        }
        state.withLock { $0.open[ObjectIdentifier(recognition)] = recognition }
        return recognition
    }

    public func stop() async {
        let open = state.withLock { state in
            state.isStarted = false
            defer { state.open = [:] }
            return state.open
        }
        for recognition in open.values {
            recognition.fail(
                SpeechError(.shuttingDown, "The recogniser is being stopped.", advice: "Repeat it when the server is back."))
        }
        await client.shutDown()
    }

    // MARK: - for recognitions

    func closed(_ recognition: OpenAIRecognition) {
        state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(recognition)) }
    }

    /// What was said in a complete utterance.
    func recognise(_ samples: [Int16], language: String?) async throws(SpeechError) -> Hypothesis {
        do {
            try await gate.enter()
            defer { gate.leave() }
            return try await transcribe(samples, language: language, isRepeated: true)
        } catch {
            let explained = error.explained(provider, code: .recogniserFailed)
            if case .cancelled = error {} else { report(explained) }
            throw explained
        }
    }

    /// What was said so far; nil when it cannot be told at once.
    func glance(at samples: [Int16], language: String?) async -> Hypothesis? {
        guard gate.waiting == 0, gate.busy < gate.limit, (try? await gate.enter()) != nil else { return nil }
        defer { gate.leave() }
        return try? await transcribe(samples, language: language, isRepeated: false)
    }

    private func transcribe(_ samples: [Int16], language: String?, isRepeated: Bool) async throws(RemoteFailure) -> Hypothesis {
        guard !samples.isEmpty else { return Hypothesis(words: []) }
        let seconds = Double(samples.count) / Double(SampleTime.rate)
        let hypothesis: Hypothesis
        if isTimeless.load(ordering: .relaxed) {
            hypothesis = try await upload(samples, language: language, withTimes: false, isRepeated: isRepeated)
        } else {
            do {
                hypothesis = try await upload(samples, language: language, withTimes: true, isRepeated: isRepeated)
            } catch {
                guard case .refused(400, _, _) = error else { throw error }
                // Some models, OpenAI's newer ones among them, take no wish for times.
                hypothesis = try await upload(samples, language: language, withTimes: false, isRepeated: isRepeated)
                isTimeless.store(true, ordering: .relaxed)
            }
        }
        usage.transcribed(provider, seconds: seconds, pricePerMinute: configuration.pricePerMinute)
        return hypothesis
    }

    private func upload(
        _ samples: [Int16], language: String?, withTimes: Bool, isRepeated: Bool
    ) async throws(RemoteFailure) -> Hypothesis {
        let padding = [Int16](repeating: 0, count: max(0, Self.minimumSamples - samples.count))
        var form = MultipartForm(boundary: "mynah-\(clock.randomBits())-\(clock.randomBits())")
        form.add("model", provider.model)
        form.add("language", language ?? configuration.language)
        form.add("response_format", withTimes ? "verbose_json" : "json")
        if withTimes { form.add("timestamp_granularities[]", "word") }
        let spoken = samples + padding
        form.add(
            "file",
            file: WAVWriter.header(sampleRate: SampleTime.rate, samples: spoken.count) + WAVWriter.bytes(spoken),
            named: "utterance.wav", type: "audio/wav")
        var request = client.request(.POST, "audio/transcriptions")
        request.headers.add(name: "Content-Type", value: form.contentType)
        request.body = .bytes(ByteBuffer(bytes: form.body))
        let durationMS = samples.count * 1000 / SampleTime.rate
        return try await client.send(request, isRepeated: isRepeated) { response in
            let body = try await response.body.collect(upTo: Self.answerLimit)
            guard let answer = TranscriptionAnswer(reading: Array(body.readableBytesView)) else {
                throw RemoteFailure.unreadable
            }
            return answer.hypothesis(durationMS: durationMS)
        }
    }
}
