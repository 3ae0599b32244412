import Ports
import SpeechModel
import Synchronization

/// A recogniser that does what the test says: it keeps what it is given, and answers when told to, or at once with a script.
final class PuppetRecognizer: Recognizer {
    /// What it answers from within ``Recognition/finish()``, by the number of the utterance among those that it was given.
    enum Script: Sendable {
        case success
        case failure(ErrorCode)
    }

    final class Utterance: Recognition {
        struct Heard {
            var samples: [Int16] = []
            var calls: [String] = []
        }
        let heard = Mutex(Heard())
        let request: RecognitionRequest
        private let observer: any RecognitionObserver
        private let script: Script?

        init(_ request: RecognitionRequest, observer: any RecognitionObserver, script: Script?) {
            self.request = request
            self.observer = observer
            self.script = script
        }

        func append(_ samples: UnsafeBufferPointer<Int16>) { heard.withLock { $0.samples += Array(samples) } }
        func finish() {
            heard.withLock { $0.calls.append("finish") }
            switch script {
            case .success: answer("done")
            case .failure(let code): fail(code)
            case nil: break
            }
        }
        func cancel() { heard.withLock { $0.calls.append("cancel") } }
        func park() { heard.withLock { $0.calls.append("park") } }

        var samples: [Int16] { heard.withLock { $0.samples } }
        var calls: [String] { heard.withLock { $0.calls } }

        func answer(_ text: String) {
            let words = [Word(text, startMS: 0, endMS: 10, confidence: 1)]
            observer.recognition(request.key, updated: .final(Hypothesis(words: words), adaptation: nil))
        }
        func hint(_ text: String) {
            let words = [Word(text, startMS: 0, endMS: 10, confidence: 1)]
            observer.recognition(request.key, updated: .partial(Hypothesis(words: words), throughSample: 1))
        }
        func fail(_ code: ErrorCode) {
            observer.recognition(request.key, updated: .failed(SpeechError(code, "Scripted.", advice: "None.")))
        }
    }

    struct Broken: Error {}

    let identity = RecognizerIdentity(engine: "puppet", model: "puppet", language: "en")
    let ready: Atomic<Int>
    private let script: Script?
    private let startFails: Bool
    private let given = Mutex<[Utterance]>([])

    init(ready: Int = 2, script: Script? = nil, startFails: Bool = false) {
        self.ready = Atomic(ready)
        self.script = script
        self.startFails = startFails
    }

    var utterances: [Utterance] { given.withLock { $0 } }
    var load: RecognizerLoad {
        RecognizerLoad(ready: ready.load(ordering: .relaxed), busy: 0, waiting: 0, capacity: 2)
    }
    func start() async throws { if startFails { throw Broken() } }
    func stop() async {}
    func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        let utterance = Utterance(request, observer: observer, script: script)
        given.withLock { $0.append(utterance) }
        return utterance
    }
}

/// Keeps what an utterance came to.
final class Ear: RecognitionObserver {
    private let list = Mutex<[String]>([])
    /// `partial TEXT`, `final TEXT` or `failed CODE`.
    var told: [String] { list.withLock { $0 } }
    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {
        list.withLock { list in
            switch update {
            case .partial(let hypothesis, _): list.append("partial \(hypothesis.text)")
            case .final(let hypothesis, _): list.append("final \(hypothesis.text)")
            case .failed(let error): list.append("failed \(error.code.rawValue)")
            }
        }
    }
}

final class ManualClock: Clock {
    private let nanoseconds = Atomic<UInt64>(1)
    var monotonicNanoseconds: UInt64 { nanoseconds.load(ordering: .relaxed) }
    var unixMilliseconds: UInt64 { 0 }
    func randomBits() -> UInt64 { 7 }
    func advance(ms: UInt64) { nanoseconds.wrappingAdd(ms * 1_000_000, ordering: .relaxed) }
}

extension Recognition {
    func append(_ samples: [Int16]) { samples.withUnsafeBufferPointer { append($0) } }
}
