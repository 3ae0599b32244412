import Ports
import SpeechModel
import Synchronization

/// A recogniser that answers at once with a script: no thread, no time, no sound.
final class ScriptedRecognizer: Recognizer {
    let identity = RecognizerIdentity(engine: "script", model: "script", language: "en")
    let load = RecognizerLoad(ready: 2, busy: 0, waiting: 0, capacity: 2)
    let failing: Set<Int>
    let heard = Mutex<[Int: Int]>([:])
    let parked = Mutex<Set<Int>>([])
    let adaptations = Mutex<[String?]>([])
    let keyPhrases = Mutex<[KeyPhrases?]>([])
    /// Where the first phrase ends, in ms, in those utterances that are listened to for one; the others hold none.
    let phraseEnds: [Int: Int]
    private let isSpottingLate: Bool

    /// Utterances in which it hears no words.
    let silent: Set<Int>
    private let isHolding: Bool
    private let held = Mutex<[Int: @Sendable () -> Void]>([:])

    /// With `isHolding` it answers when it is told to, by ``answer(_:)``.
    /// With `isSpottingLate` it notices phrases only with the answer to the whole utterance.
    init(
        failing: Set<Int> = [], silent: Set<Int> = [], isHolding: Bool = false, phraseEnds: [Int: Int] = [:],
        isSpottingLate: Bool = false
    ) {
        self.phraseEnds = phraseEnds
        self.isSpottingLate = isSpottingLate
        self.failing = failing
        self.silent = silent
        self.isHolding = isHolding
    }

    /// Waits until `count` utterances want an answer.
    func untilHeld(_ count: Int) async {
        while held.withLock({ $0.count }) < count { await Task.yield() }
    }

    func answer(_ number: Int) { held.withLock { $0.removeValue(forKey: number) }?() }

    private func give(_ number: Int, _ answer: @escaping @Sendable () -> Void) {
        guard isHolding else { return answer() }
        held.withLock { $0[number] = answer }
    }
    func start() async throws {}
    func stop() async {}
    func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        adaptations.withLock { $0.append(request.adaptation) }
        keyPhrases.withLock { $0.append(request.keyPhrases) }
        return Script(key: request.key, keyPhrases: request.keyPhrases, owner: self, observer: observer)
    }

    private final class Script: Recognition {
        let key: UtteranceKey
        let keyPhrases: KeyPhrases?
        let owner: ScriptedRecognizer
        let observer: any RecognitionObserver
        let samples = Mutex(0)
        init(
            key: UtteranceKey, keyPhrases: KeyPhrases?, owner: ScriptedRecognizer, observer: any RecognitionObserver
        ) {
            self.key = key
            self.keyPhrases = keyPhrases
            self.owner = owner
            self.observer = observer
        }
        func append(_ audio: UnsafeBufferPointer<Int16>) {
            let total = samples.withLock {
                $0 += audio.count
                return $0
            }
            observer.recognition(key, updated: .partial(hypothesis(isWhole: false), throughSample: total))
        }
        func finish() {
            owner.heard.withLock { $0[key.number] = samples.withLock { $0 } }
            if owner.failing.contains(key.number) {
                observer.recognition(key, updated: .failed(SpeechError(.recogniserFailed, "Scripted.", advice: "None.")))
            } else {
                let words = owner.silent.contains(key.number) ? Hypothesis(words: []) : hypothesis(isWhole: true)
                owner.give(key.number) { [observer, key] in
                    observer.recognition(key, updated: .final(words, adaptation: "learnt-\(key.number)"))
                }
            }
        }
        func cancel() {}
        func park() { owner.parked.withLock { _ = $0.insert(key.number) } }
        private func hypothesis(isWhole: Bool) -> Hypothesis {
            if let keyPhrases {
                guard let end = owner.phraseEnds[key.number], isWhole || !owner.isSpottingLate,
                    samples.withLock({ $0 }) >= end * 16
                else { return Hypothesis(words: []) }
                return Hypothesis(words: [Word(keyPhrases.texts[0], startMS: 0, endMS: end, confidence: 0.75)])
            }
            return Hypothesis(words: [Word("utterance-\(key.number)", startMS: 0, endMS: 100, confidence: 0.5)])
        }
    }
}
