public import Ports
import SpeechModel
import Synchronization

/// A recogniser whose finals say who speaks, for requests that bring a ``SpeakerBook``.
///
/// It compares the voice of the utterance as a whole; when two people share one, it is the one who is heard most. A final waits for the
/// comparison; one that fails costs the name only.
public final class SpeakerNaming: Recognizer {
    private let recognizer: any Recognizer
    private let voices: any VoiceComparer

    /// Puts the comparison behind a recogniser; `voices` is started and stopped by whoever made it.
    public init(_ recognizer: any Recognizer, voices: any VoiceComparer) {
        self.recognizer = recognizer
        self.voices = voices
    }

    public var identity: RecognizerIdentity { recognizer.identity }
    public var load: RecognizerLoad { recognizer.load }

    public func start() async throws { try await recognizer.start() }
    public func stop() async { await recognizer.stop() }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        guard let book = request.speakers, request.keyPhrases == nil else { return recognizer.begin(request, observer: observer) }
        let utterance = NamedUtterance(book: book, voices: voices, observer: observer)
        utterance.recognition.withLock { $0 = recognizer.begin(request, observer: utterance) }
        return utterance
    }
}

/// An utterance that keeps its audio until it is known whose it is.
private final class NamedUtterance: Recognition, RecognitionObserver {
    /// More than this says no more of a voice.
    private static let longest = 10 * SampleTime.rate

    let recognition = Mutex<(any Recognition)?>(nil)
    private let audio = Mutex<[Int16]>([])
    private let isCancelled = Mutex(false)
    private let book: SpeakerBook
    private let voices: any VoiceComparer
    private let observer: any RecognitionObserver

    init(book: SpeakerBook, voices: any VoiceComparer, observer: any RecognitionObserver) {
        self.book = book
        self.voices = voices
        self.observer = observer
    }

    private var inner: (any Recognition)? { recognition.withLock { $0 } }

    func append(_ samples: UnsafeBufferPointer<Int16>) {
        audio.withLock { $0.append(contentsOf: samples.prefix(max(0, Self.longest - $0.count))) }
        inner?.append(samples)
    }

    func finish() { inner?.finish() }
    func park() { inner?.park() }

    func cancel() {
        isCancelled.withLock { $0 = true }
        inner?.cancel()
        recognition.withLock { $0 = nil }
    }

    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {
        guard case .final(var hypothesis, let adaptation) = update, !hypothesis.words.isEmpty else {
            if case .partial = update {} else { recognition.withLock { $0 = nil } }
            return observer.recognition(key, updated: update)
        }
        let samples = audio.withLock { audio in
            defer { audio = [] }
            return audio
        }
        // It keeps this alive, and this keeps it: done with each other.
        recognition.withLock { $0 = nil }
        Task {
            if let embedding = try? await voices.embedding(of: samples) {
                hypothesis.speaker = book.name(of: embedding, weight: Double(samples.count) / Double(SampleTime.rate))
            }
            guard !isCancelled.withLock({ $0 }) else { return }
            observer.recognition(key, updated: .final(hypothesis, adaptation: adaptation))
        }
    }
}
