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

struct Transcribe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn audio and video files into text.",
        discussion: """
            WAV and raw PCM are read directly; FLAC, MP3, Ogg, Opus, M4A, WebM and video through the ffmpeg program, confined.
            Files are recognised on all cores: a long one is cut at silences, short ones go side by side.

            Examples:
              mynah transcribe interview.wav
              mynah transcribe --format srt -o subtitles film.mp4
              mynah transcribe --diarize --format vtt meeting.m4a
              mynah transcribe --language auto *.mp3
              ffmpeg -i in.mka -f wav - | mynah transcribe --format json -
            """)

    @Argument(help: "Files; - is standard input.")
    var files: [String]
    @Option(help: "text, json, srt, vtt or tsv.")
    var format: TranscriptFormat = .text
    @ArgumentParser.Flag(help: "Add the words with their times.")
    var words = false
    @Option(help: "What is spoken, ISO 639-1; `auto` finds out for each file, which needs a model for it.")
    var language: String?
    @ArgumentParser.Flag(help: "Tell who speaks; needs models for it (docs/models.md).")
    var diarize = false
    @Option(help: "How many people speak, where that is known; implies --diarize.")
    var speakers: Int?
    @ArgumentParser.Flag(help: "Take noise out first; needs a model for it (docs/models.md).")
    var enhance = false
    @Option(name: [.customShort("o"), .long], help: "Write one file for each input into this folder.")
    var outputDirectory: String?
    @Option(help: "The input is raw 16-bit PCM at this rate in Hz.")
    var rate: Int?
    @Option(help: "Channels of raw PCM.")
    var channels: Int = 1
    @OptionGroup var options: ConfigurationOptions

    /// Files, for the sake of the memory that each needs.
    private static let mostAtOnce = 16

    func run() async throws {
        let configuration = try options.load()
        let settings = configuration.settings
        let models = ModelFiles.locate(settings)
        let rawFormat = try rate.map { try AudioFormat(sampleRate: $0, channels: channels) }
        if let outputDirectory {
            let outputs = Dictionary(grouping: files) { TranscriptFile.path(for: $0, in: outputDirectory, format: format) }
            if let (path, inputs) = outputs.first(where: { $0.value.count > 1 }) {
                throw SpeechError(
                    .invalidParameter, "\(inputs.joined(separator: " and ")) would both be written to \(path).",
                    advice: "Transcribe them into different folders.")
            }
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
        if let speakers, !(1...100).contains(speakers) {
            throw SpeechError(
                .invalidParameter, "--speakers is \(speakers).", advice: "Give a number from 1 to 100, or leave it out.")
        }
        let diarizer = diarize || speakers != nil ? try TaskModels.diarizer(settings, logger: nil) : nil
        let enhancer = enhance ? try TaskModels.enhancer(settings, logger: nil) : nil
        let isUnknown = language == SpokenLanguage.unknown
        let identifier = isUnknown ? try TaskModels.languageIdentifier(settings, logger: nil) : nil
        let recognizers = FileRecognizers(settings, models: models)
        let usual = isUnknown ? settings.language.default : language ?? settings.language.default
        // What cannot work at all is told before a file is opened.
        let capacity = try recognizers.recognizer(for: usual).load.capacity
        let makeDetector = try Recognition.detectors(settings, models: models)
        let transcription = Transcription(
            files: files, rawFormat: rawFormat, format: format, showsWords: words, directory: outputDirectory,
            recognizers: recognizers, language: usual, isLanguageNamed: language != nil && !isUnknown, identifier: identifier,
            settings: settings, makeDetector: makeDetector,
            diarizer: diarizer, speakers: speakers,
            enhancer: enhancer, progress: TranscriptionProgress(files: files.count))
        // A model that takes several utterances along in one step is given enough of them.
        let atOnce = max(ProcessInfo.processInfo.activeProcessorCount, min(Self.mostAtOnce, capacity))
        let failed = await transcription.run(atOnce: atOnce)
        await recognizers.stop()
        await diarizer?.stop()
        await enhancer?.stop()
        await identifier?.stop()
        if let failed { throw ExitCode(ExitStatus(for: failed).rawValue) }
    }
}

extension TranscriptFormat: ExpressibleByArgument {}
