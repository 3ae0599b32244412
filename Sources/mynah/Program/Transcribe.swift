import Application
public import ArgumentParser
import Assembly
import AudioFiles
import Foundation
import MynahConfiguration
import PocketSphinxEngine
import Ports
import SpeechModel
import SpeechPipeline
public import TranscriptFormats
import Workers

struct Transcribe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn audio and video files into text.",
        discussion: """
            WAV and raw PCM are read directly; FLAC, MP3, Ogg, Opus, M4A, WebM and video through the ffmpeg program, confined.
            Long files are cut at silences and recognised on all cores.

            Examples:
              mynah transcribe interview.wav
              mynah transcribe --format srt -o subtitles film.mp4
              ffmpeg -i in.mka -f wav - | mynah transcribe --format json -
            """)

    @Argument(help: "Files; - is standard input.")
    var files: [String]
    @Option(help: "text, json, srt, vtt or tsv.")
    var format: TranscriptFormat = .text
    @ArgumentParser.Flag(help: "Add the words with their times.")
    var words = false
    @Option(name: [.customShort("o"), .long], help: "Write one file for each input into this folder.")
    var outputDirectory: String?
    @Option(help: "The input is raw 16-bit PCM at this rate in Hz.")
    var rate: Int?
    @Option(help: "Channels of raw PCM.")
    var channels: Int = 1
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        let settings = configuration.settings
        let models = ModelFiles.locate(settings)
        let rawFormat = try rate.map { try AudioFormat(sampleRate: $0, channels: channels) }
        if let outputDirectory {
            do {
                try FileManager.default.createDirectory(atPath: outputDirectory, withIntermediateDirectories: true)
            } catch {
                // Foundation's own errors say no more than a number.
                let reason = mkdir(outputDirectory, 0o777) == 0 ? "\(error)" : String(cString: strerror(errno))
                throw SpeechError(
                    .unwritableFile, "The folder \(outputDirectory) cannot be made: \(reason).", advice: "Choose another with -o."
                )
            }
        }
        let pool = try Recognition.makePool(mode: .file, settings: settings, models: models, logger: nil)
        var failed: SpeechError?
        for path in files {
            do {
                // Opened first: a file that cannot be read should not wait for a model.
                let source = try openAudio(
                    path: path, rawFormat: rawFormat, settings: DecoderSettings(selfExecutable: executablePath()),
                    cancellation: Cancellation())
                defer { source.close() }
                if pool.load.ready == 0 { try await pool.start() }
                try transcribe(source, path: path, pool: pool, settings: settings, models: models)
            } catch let error as SpeechError {
                _ = ExitStatus.report(error)
                failed = failed ?? error
            }
        }
        await pool.stop()
        if let failed { throw ExitCode(ExitStatus(for: failed).rawValue) }
    }

    private func transcribe(
        _ source: any AudioSource, path: String, pool: WorkerPool, settings: Settings, models: ModelFiles
    ) throws {
        let started = ContinuousClock.now
        var writer = TranscriptWriter(format: format, showsWords: words)
        let output = try Output(path: path, directory: outputDirectory, format: format)
        try output.write(writer.header)
        var bar = ProgressLine()
        let total = source.expectedDurationSeconds
        let seconds = try TranscribeRecording(recognizer: pool, configuration: Recognition.pipelineConfiguration(settings)).run(
            format: source.format, detector: try Recognition.makeDetector(settings, models: models),
            read: { try source.read(into: $0) },
            final: {
                bar.clear()
                try output.write(writer.append($0))
            }, problem: { _ = ExitStatus.report($0) },
            progress: { progress in
                let elapsed = started.duration(to: .now) / .seconds(1)
                let speed = elapsed > 0 ? progress.finishedSeconds / elapsed : 0
                bar.update(
                    fraction: total.map { $0 > 0 ? min(1, progress.finishedSeconds / $0) : 1 },
                    note: "\(String(format: "%.1f", speed)) × real time")
            })
        bar.clear()
        for warning in source.warnings { Terminal.error.write("mynah: \(path): \(Terminal.printable(warning))\n") }
        let elapsed = started.duration(to: .now)
        try output.write(
            writer.finish(
                TranscriptSummary(
                    language: pool.identity.language, durationSeconds: seconds, processingTimeMS: Int(elapsed / .milliseconds(1)),
                    modelVersion: "\(pool.identity.engine) \(pool.identity.model)")))
        try output.finish()
        if Terminal.error.isTerminal {
            let speed = seconds / max(elapsed / .seconds(1), 0.001)
            Terminal.error.write(
                String(format: "%@: %.1f s of audio in %.1f s, %.1f × real time\n", path, seconds, elapsed / .seconds(1), speed))
        }
    }
}

extension TranscriptFormat: ExpressibleByArgument {}

/// Where a transcript goes: standard output, or a file that appears only when it is whole.
private final class Output {
    private let path: String?
    private let handle: FileHandle
    private var isFinished = false

    init(path: String, directory: String?, format: TranscriptFormat) throws(SpeechError) {
        guard let directory else {
            self.path = nil
            handle = .standardOutput
            return
        }
        let name = path == "-" ? "stdin" : URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        let target = URL(fileURLWithPath: directory).appendingPathComponent("\(name).\(format.fileExtension)").path
        self.path = target
        guard FileManager.default.createFile(atPath: target + ".partial", contents: nil),
            let handle = FileHandle(forWritingAtPath: target + ".partial")
        else {
            throw SpeechError(
                .unwritableFile, "\(target) cannot be written.", advice: "Check the folder's rights and the disk's room.")
        }
        self.handle = handle
    }

    /// What is not whole must not lie around.
    deinit {
        if let path, !isFinished { unlink(path + ".partial") }
    }

    func write(_ text: String) throws(SpeechError) {
        do {
            try handle.write(contentsOf: Data(text.utf8))
        } catch {
            throw SpeechError(
                .unwritableFile, "The transcript cannot be written\(path.map { " to \($0)" } ?? "").",
                advice: "Free room on the disk, or choose another folder with -o.", underlying: error)
        }
    }

    func finish() throws(SpeechError) {
        guard let path else { return }
        do {
            try handle.close()
            if rename(path + ".partial", path) != 0 { throw CocoaError(.fileWriteUnknown) }
            isFinished = true
        } catch {
            throw SpeechError(
                .unwritableFile, "\(path) cannot be completed.", advice: "Free room on the disk.", underlying: error)
        }
    }
}
