import Application
import Assembly
import AudioFiles
import Foundation
import Lanes
import MynahConfiguration
import Ports
import SpeechModel
import SpeechPipeline
import Synchronization
import TranscriptFormats

/// Files on their way into transcripts, several at once, each on a thread of its own.
struct Transcription: Sendable {
    let files: [String]
    /// What the samples are where files have no header.
    let rawFormat: AudioFormat?
    let format: TranscriptFormat
    let showsWords: Bool
    /// Where each file's transcript goes; nil means all of them to the standard output, in the order of the files.
    let directory: String?
    let recognizers: FileRecognizers
    /// What is spoken where nobody finds out.
    let language: String
    /// Whether somebody has said so; else it is a guess that a model of several languages is not told.
    let isLanguageNamed: Bool
    /// Finds out which language is spoken; nil where nobody asks.
    let identifier: (any SpokenLanguageIdentifier)?
    let settings: Settings
    let makeDetector: @Sendable () -> any VoiceActivityDetector
    /// Finds out who speaks; nil where nobody asks.
    let diarizer: (any SpeakerDiarizer)?
    /// How many people speak, where that is known.
    let speakers: Int?
    /// Takes noise out first; nil where nobody asks.
    let enhancer: (any Enhancer)?
    let progress: TranscriptionProgress
    private let order = OutputOrder()

    /// Transcribes all files, and goes on when one fails.
    ///
    /// - Returns: the error of the first file that failed; each one was told.
    func run(atOnce: Int) async -> SpeechError? {
        let work = Work()
        await withTaskGroup { group in
            for _ in 0..<min(atOnce, files.count) {
                group.addTask {
                    while true {
                        let index = work.next.wrappingAdd(1, ordering: .relaxed).oldValue
                        guard index < files.count else { return }
                        func fail(_ error: SpeechError) {
                            progress.interrupt { _ = ExitStatus.report(error) }
                            work.failures.withLock { $0[index] = $0[index] ?? error }
                        }
                        do throws(SpeechError) { try await transcribe(index) } catch { fail(error) }
                        do throws(SpeechError) { try order.finish(index) } catch { fail(error) }
                        progress.finish(index)
                    }
                }
            }
        }
        progress.interrupt {}
        return work.failures.withLock { failures in failures.min { $0.key < $1.key }?.value }
    }

    private func transcribe(_ index: Int) async throws(SpeechError) {
        // Opened first: a file that cannot be read should not wait for a model.
        var source = try await onThread {
            OpenedAudio(
                source: try openAudio(
                    path: files[index], rawFormat: rawFormat, settings: DecoderSettings(selfExecutable: executablePath()),
                    cancellation: Cancellation()))
        }
        do {
            try await diarizer?.start()
            try await enhancer?.start()
            try await identifier?.start()
        } catch {
            source.source.close()
            throw SpeechError(wrapping: error)
        }
        if let enhancer { source = try await clean(source, with: enhancer) }
        let recognizer: any Recognizer
        let spoken: String?
        do {
            (source, spoken) = try await identify(source)
            recognizer = try await recognizers.started(for: spoken ?? language)
        } catch {
            source.source.close()
            throw SpeechError(wrapping: error)
        }
        let recording = diarizer == nil ? nil : Recording(source.source.format)
        let page = try await onThread { [source] in
            defer { source.source.close() }
            return try transcribe(
                source.source, index, told: spoken ?? (isLanguageNamed ? language : nil), with: recognizer, keeping: recording)
        }
        guard let diarizer, let recording else { return try await onThread { try finish(page, index) } }
        let turns: [SpeakerTurn]
        do {
            turns = try await diarizer.turns(in: recording.samples(), speakers: speakers) { _ in }
        } catch {
            throw SpeechError(wrapping: error)
        }
        try await onThread {
            for final in SpeakerAttribution.attribute(page.finals, to: turns) { try page.write(page.writer.append(final)) }
            try finish(page, index)
        }
    }

    /// The same recording, and the language that is spoken at its beginning, if that is asked and known.
    private func identify(_ source: OpenedAudio) async throws -> (OpenedAudio, String?) {
        guard let identifier else { return (source, nil) }
        let (beginning, speech) = try await onThread {
            let beginning = try SpokenBeginning(source.source, detector: GatedDetector(makeDetector()))
            return (OpenedAudio(source: beginning), beginning.speech)
        }
        return (beginning, try await identifier.language(of: speech))
    }

    /// The same recording without noise.
    private func clean(_ source: OpenedAudio, with enhancer: any Enhancer) async throws(SpeechError) -> OpenedAudio {
        let (recording, warnings) = try await onThread {
            defer { source.source.close() }
            return (try Recording(source.source, keepsRate: true), source.source.warnings)
        }
        do {
            let clean = try await enhancer.enhance(recording.samples(), sampleRate: recording.sampleRate) { _ in }
            return OpenedAudio(
                source: try MemoryAudio(clean.samples, sampleRate: clean.sampleRate, warnings: warnings))
        } catch {
            throw SpeechError(wrapping: error)
        }
    }

    /// What is written of a file so far.
    // @unchecked: handed from one thread to the next; only one of them has it at a time.
    private final class Page: @unchecked Sendable {
        let started = ContinuousClock.now
        var writer: TranscriptWriter
        let model: RecognizerIdentity
        private let language: String
        /// Utterances that could not be recognised.
        private(set) var lost = 0
        /// How often the model has found which language.
        private var found: [String: Int] = [:]
        let output: any TranscriptOutput
        let progress: TranscriptionProgress
        /// What waits until it is known who speaks.
        var finals: [FinalResult] = []
        var seconds = 0.0
        var warnings: [String] = []

        init(
            _ writer: TranscriptWriter, model: RecognizerIdentity, language: String, output: any TranscriptOutput,
            progress: TranscriptionProgress
        ) {
            self.writer = writer
            self.model = model
            self.language = language
            self.output = output
            self.progress = progress
        }

        /// What is spoken: as the model found in most utterances, else as it was told.
        var spoken: String { found.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? language }

        func lose(_ error: SpeechError) {
            lost += 1
            // The next ones most likely fail for the same reason.
            if lost == 1 { progress.interrupt { _ = ExitStatus.report(error) } }
        }

        func add(_ final: FinalResult, isLast: Bool) throws {
            if let language = final.hypothesis.language { found[language, default: 0] += 1 }
            if isLast { try write(writer.append(final)) } else { finals.append(final) }
        }

        func write(_ text: String) throws { try progress.interrupt { try output.write(text) } }
    }

    private func transcribe(
        _ source: any AudioSource, _ index: Int, told language: String?, with recognizer: any Recognizer,
        keeping recording: Recording?
    ) throws -> Page {
        let path = files[index]
        let page = Page(
            TranscriptWriter(format: format, showsWords: showsWords), model: recognizer.identity,
            language: language ?? recognizer.identity.language,
            output: try directory.map { try TranscriptFile(path: path, directory: $0, format: format) as any TranscriptOutput }
                ?? order.output(index), progress: progress)
        try page.write(page.writer.header)
        let total = source.expectedDurationSeconds
        let detector = GatedDetector(makeDetector())
        page.seconds = try TranscribeRecording(
            recognizer: recognizer, configuration: Recognition.pipelineConfiguration(settings),
            language: language
        ).run(
            format: source.format, detector: detector,
            read: { buffer in
                let count = try source.read(into: buffer)
                try recording?.keep(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            },
            final: { try page.add($0, isLast: recording == nil) },
            problem: { page.lose($0) },
            progress: { progress.update(index, finishedSeconds: $0.finishedSeconds, of: total) })
        page.warnings = source.warnings
        return page
    }

    private func finish(_ page: Page, _ index: Int) throws {
        let path = files[index]
        let seconds = page.seconds
        let elapsed = page.started.duration(to: .now)
        try page.write(
            page.writer.finish(
                TranscriptSummary(
                    language: page.spoken, durationSeconds: seconds,
                    processingTimeMS: Int(elapsed / .milliseconds(1)),
                    modelVersion: "\(page.model.engine) \(page.model.model)")))
        try page.output.finish()
        progress.interrupt {
            for warning in page.warnings { Terminal.error.write("mynah: \(path): \(warning.printable)\n") }
            guard Terminal.error.isTerminal else { return }
            let speed = seconds / max(elapsed / .seconds(1), 0.001)
            Terminal.error.write(
                String(format: "%@: %.1f s of audio in %.1f s, %.1f × real time\n", path, seconds, elapsed / .seconds(1), speed))
        }
        guard page.lost == 0 else {
            throw SpeechError(
                .recogniserFailed,
                "\(path): \(page.lost) of its utterances could not be recognised, and are missing in the transcript.",
                advice: "Transcribe it again; stt.fallback names what stands in for a recogniser that fails.")
        }
    }

    private final class Work: Sendable {
        let next = Atomic(0)
        let failures = Mutex<[Int: SpeechError]>([:])
    }
}
