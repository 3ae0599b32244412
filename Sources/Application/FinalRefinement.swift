public import Ports
import SpeechModel
import Synchronization

/// A recogniser whose finals say more: who speaks, for requests that bring a ``SpeakerBook``, and where sentences end.
///
/// The voice is that of the utterance as a whole; when two people share one, it is the one who is heard most. A final waits for what is
/// added; what fails costs that only.
public final class FinalRefinement: Recognizer {
    private let recognizer: any Recognizer
    private let voices: (any VoiceComparer)?
    private let punctuator: (any Punctuator)?

    /// Puts both behind a recogniser; they are started and stopped by whoever made them.
    public init(_ recognizer: any Recognizer, voices: (any VoiceComparer)?, punctuator: (any Punctuator)?) {
        self.recognizer = recognizer
        self.voices = voices
        self.punctuator = punctuator
    }

    public var identity: RecognizerIdentity { recognizer.identity }
    public var load: RecognizerLoad { recognizer.load }
    public func start() async throws { try await recognizer.start() }
    public func stop() async { await recognizer.stop() }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        guard request.keyPhrases == nil, voices != nil && request.speakers != nil || punctuator != nil else {
            return recognizer.begin(request, observer: observer)
        }
        let utterance = RefinedUtterance(
            voice: voices.flatMap { voices in request.speakers.map { SpeakerVoice(voices: voices, book: $0) } },
            punctuator: punctuator, observer: observer)
        utterance.attach(recognizer.begin(request, observer: utterance))
        return utterance
    }
}

/// Who may be speaking in one utterance.
private final class SpeakerVoice: Sendable {
    /// More than this says no more of a voice.
    private static let longest = 10 * SampleTime.rate

    private let audio = Mutex<[Int16]>([])
    private let voices: any VoiceComparer
    private let book: SpeakerBook
    let place: SpeakerBook.Place

    init(voices: any VoiceComparer, book: SpeakerBook) {
        self.voices = voices
        self.book = book
        place = book.nextPlace()
    }

    func append(_ samples: UnsafeBufferPointer<Int16>) {
        audio.withLock { $0.append(contentsOf: samples.prefix(max(0, Self.longest - $0.count))) }
    }

    func name() async -> String? {
        let samples = audio.withLock { audio in
            defer { audio = [] }
            return audio
        }
        let embedding = try? await voices.embedding(of: samples)
        await place.reached()
        defer { place.leave() }
        return embedding.flatMap { book.name(of: $0, weight: Double(samples.count) / Double(SampleTime.rate)) }
    }
}

/// An utterance on its way.
private final class RefinedUtterance: Recognition, RecognitionObserver {
    private struct State {
        var inner: (any Recognition)?
        var isCancelled = false
        var isOver = false
    }

    private let state = Mutex(State())
    private let voice: SpeakerVoice?
    private let punctuator: (any Punctuator)?
    private let observer: any RecognitionObserver

    init(voice: SpeakerVoice?, punctuator: (any Punctuator)?, observer: any RecognitionObserver) {
        self.voice = voice
        self.punctuator = punctuator
        self.observer = observer
    }

    /// It may have been answered already.
    func attach(_ inner: any Recognition) { state.withLock { if !$0.isOver { $0.inner = inner } } }

    private var inner: (any Recognition)? { state.withLock { $0.inner } }

    func append(_ samples: UnsafeBufferPointer<Int16>) {
        voice?.append(samples)
        inner?.append(samples)
    }

    func finish() { inner?.finish() }
    func park() { inner?.park() }

    func cancel() {
        state.withLock { $0.isCancelled = true }
        inner?.cancel()
        end()
        voice?.place.leave()
    }

    /// It keeps the inner one alive, and that keeps this: they are done with each other.
    private func end() {
        state.withLock {
            $0.inner = nil
            $0.isOver = true
        }
    }

    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {
        if case .partial = update { return observer.recognition(key, updated: update) }
        end()
        guard case .final(var hypothesis, let adaptation) = update, !hypothesis.words.isEmpty else {
            voice?.place.leave()
            return observer.recognition(key, updated: update)
        }
        Task {
            async let speaker = voice?.name()
            if !hypothesis.hasPunctuation, let text = try? await punctuator?.punctuate(hypothesis.text) {
                hypothesis.takeWords(of: text)
            }
            hypothesis.speaker = await speaker
            guard !state.withLock({ $0.isCancelled }) else { return }
            observer.recognition(key, updated: .final(hypothesis, adaptation: adaptation))
        }
    }
}

extension Hypothesis {
    /// Whether the recogniser has written marks itself, as some do.
    fileprivate var hasPunctuation: Bool {
        words.contains { word in word.text.last.map { ",.?!;:，。？！、；：".contains($0) } ?? false }
    }

    /// Writes the words as `text` does, if they are the same ones.
    fileprivate mutating func takeWords(of text: String) {
        let written = text.split(whereSeparator: \.isWhitespace)
        guard written.count == words.count else { return }
        for index in words.indices { words[index].text = String(written[index]) }
    }
}
