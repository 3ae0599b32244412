import Lanes
public import Ports
public import SpeechModel
public import SpeechPipeline

/// Turns a recording into finals: the same pipeline as a live session, with a file as its source and utterances decoded in parallel.
///
/// Blocks; call it on a thread of its own. Memory is bounded by the utterances in flight, whatever the length of the recording.
public struct TranscribeRecording {
    /// How far the work is.
    public struct Progress: Sendable {
        /// Seconds of audio that were read.
        public var readSeconds: Double
        /// Seconds of audio before which everything is in finals.
        public var finishedSeconds: Double
    }

    private let recognizer: any Recognizer
    private let configuration: SpeechPipeline.Configuration
    private let language: String?
    private let model: ModelPin?
    private let utterancesAtOnce: Int?

    /// Makes the use case; `recognizer` must have been started.
    ///
    /// - Parameters:
    ///   - language: what is spoken, ISO 639-1; nil where the model finds out.
    ///   - model: which one recognises; nil for the recogniser's own.
    ///   - utterancesAtOnce: how many are recognised at the same time, behind those who are speaking; nil for as many as keep a recogniser
    ///     busy that serves nobody else.
    public init(
        recognizer: any Recognizer, configuration: SpeechPipeline.Configuration, language: String? = nil, model: ModelPin? = nil,
        utterancesAtOnce: Int? = nil
    ) {
        self.language = language
        self.model = model
        self.utterancesAtOnce = utterancesAtOnce
        self.recognizer = recognizer
        self.configuration = configuration
    }

    /// Reads to the end and reports each final in the order of speech.
    ///
    /// - Parameters:
    ///   - read: fills the buffer and returns the number of bytes; 0 at the end.
    ///   - final: called once per final.
    ///   - problem: called when an utterance was lost.
    /// - Returns: seconds of audio that were read.
    /// - Throws: what `read` throws, and ``ErrorCode/invalidAudio``.
    public func run(
        format: AudioFormat, detector: any VoiceActivityDetector, read: (UnsafeMutableRawBufferPointer) throws -> Int,
        final: (FinalResult) throws -> Void, problem: (SpeechError) -> Void = { _ in }, progress: (Progress) -> Void = { _ in }
    ) throws -> Double {
        var pipeline = SpeechPipeline(format: format, configuration: configuration, detector: detector)
        let inbox = Inbox()
        var recognitions: [UtteranceKey: any Recognition] = [:]
        var actions: [PipelineAction] = []
        var finished = 0.0
        // Two utterances for each decoder: one that it works on, one that is ready when it is done.
        let inFlight = utterancesAtOnce ?? max(2, recognizer.load.capacity * 2)

        func perform() throws {
            for action in actions {
                switch action {
                case .begin(let key, let suppressesNoise, let keyPhrases):
                    recognitions[key] = recognizer.begin(
                        RecognitionRequest(
                            key: key, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases, model: model, language: language,
                            isBackground: utterancesAtOnce != nil),
                        observer: inbox)
                case .recognise(let key, let range): pipeline.withSamples(in: range) { recognitions[key]?.append($0) }
                case .finish(let key): recognitions[key]?.finish()
                case .cancel(let key): recognitions.removeValue(forKey: key)?.cancel()
                case .emit(.final(let result)): try final(result)
                case .emit(.failed(let error)), .spottingFailed(let error): problem(error)
                case .emit(.finalised(let sample)): finished = Double(sample) / Double(format.sampleRate)
                case .settled, .woke, .fellAsleep, .emit(.partial): break
                }
            }
            actions.removeAll(keepingCapacity: true)
        }
        func handle(_ answer: Inbox.Answer) throws {
            switch answer.update {
            case .partial: return
            case .final(let hypothesis, _): pipeline.final(hypothesis, for: answer.key, into: &actions)
            case .failed(let error): pipeline.failed(error, for: answer.key, into: &actions)
            }
            recognitions[answer.key] = nil
            try perform()
        }
        func report() {
            let seconds = Double(pipeline.receivedSamples) / Double(format.sampleRate)
            progress(Progress(readSeconds: seconds, finishedSeconds: finished))
        }

        // A quarter of a second at a time: the pipeline's ring must still hold what an action names.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: format.sampleRate / 4 * format.bytesPerFrame, alignment: 16)
        defer { buffer.deallocate() }
        do {
            while true {
                let count = try read(buffer)
                if count == 0 { break }
                try pipeline.ingest(UnsafeRawBufferPointer(rebasing: buffer[..<count]), into: &actions)
                try perform()
                while let answer = inbox.answers.tryPop() { try handle(answer) }
                while recognitions.count >= inFlight { try handle(inbox.answers.pop()) }
                report()
            }
            pipeline.finish(into: &actions)
            try perform()
            while !recognitions.isEmpty {
                try handle(inbox.answers.pop())
                report()
            }
        } catch {
            for recognition in recognitions.values { recognition.cancel() }
            throw error
        }
        return Double(pipeline.receivedSamples) / Double(format.sampleRate)
    }
}

/// Where the recogniser's answers wait for the recording's thread.
private final class Inbox: RecognitionObserver {
    struct Answer: Sendable {
        let key: UtteranceKey
        let update: RecognitionUpdate
    }
    let answers = BlockingQueue<Answer>()
    func recognition(_ key: UtteranceKey, updated update: RecognitionUpdate) {
        if case .partial = update { return }
        answers.push(Answer(key: key, update: update))
    }
}
