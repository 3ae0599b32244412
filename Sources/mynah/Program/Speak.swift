import ArgumentParser
import Assembly
import AudioFiles
import Foundation
import MynahConfiguration
import Ports
import SpeechModel

struct Speak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn text into speech.",
        discussion: """
            The audio is a WAV file, or raw 16-bit PCM; it is written while it is being made, sentence by sentence.

            Examples:
              mynah speak "Good morning." -o morning.wav
              mynah speak --voice rms --speed 1.2 - <letter.txt | aplay
              mynah speak --voices
            """)

    @Argument(help: "The text; - is standard input.")
    var text: String?
    @Option(name: [.short, .long], help: "Where to write it; - is standard output.")
    var output = "-"
    @Option(help: "Who speaks; --voices lists them.")
    var voice: String?
    @Option(help: "0.25 to 4; 1 is the voice's own.")
    var speed = 1.0
    @ArgumentParser.Flag(help: "Raw PCM instead of a WAV file; its rate is told on standard error.")
    var raw = false
    @ArgumentParser.Flag(help: "List the voices.")
    var voices = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let synthesizer = try Synthesis.make(try options.load().settings, logger: nil)
        if voices {
            for voice in synthesizer.voices {
                Terminal.output.write(
                    "\(voice.id)\t\(voice.languages.isEmpty ? "any" : voice.languages.joined(separator: ","))\n")
            }
            return
        }
        let text = text == "-" ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : text
        guard let text else {
            throw SpeechError(
                .invalidParameter, "There is no text to speak.", advice: "mynah speak \"Good morning.\" -o morning.wav")
        }
        if output == "-", Terminal.output.isTerminal {
            throw SpeechError(
                .invalidParameter, "Audio is not written to a terminal.", advice: "Name a file with -o, or pipe it: … | aplay")
        }
        do {
            let began = ContinuousClock.now
            let audio = try await synthesizer.speak(SpeechRequest(text, voice: voice, speed: speed))
            let file = try SoundFile(output, sampleRate: audio.sampleRate, isRaw: raw)
            while let samples = try await audio.next() { try file.write(samples) }
            try file.finish()
            let took = (ContinuousClock.now - began) / .seconds(1)
            Terminal.error.write(
                "\((file.seconds * 10).rounded() / 10) s of speech, \(audio.sampleRate) Hz, in \((took * 10).rounded() / 10) s\n")
            await synthesizer.stop()
        } catch {
            await synthesizer.stop()
            throw error
        }
    }
}

/// Where the audio goes. Its length is written at the end, where that is possible.
private final class SoundFile {
    private let path: String
    private let descriptor: CInt
    private let sampleRate: Int
    private let isRaw: Bool
    private var samples = 0

    init(_ path: String, sampleRate: Int, isRaw: Bool) throws(SpeechError) {
        self.path = path
        self.sampleRate = sampleRate
        self.isRaw = isRaw
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.unwritable(path) }
        if !isRaw { try write(bytes: WAVWriter.header(sampleRate: sampleRate, samples: nil)) }
    }

    var seconds: Double { Double(samples) / Double(sampleRate) }

    func write(_ samples: [Int16]) throws(SpeechError) {
        self.samples += samples.count
        try write(bytes: WAVWriter.bytes(samples))
    }

    func finish() throws(SpeechError) {
        // A pipe keeps the header of a stream.
        guard !isRaw, lseek(descriptor, 0, SEEK_SET) == 0 else { return }
        try write(bytes: WAVWriter.header(sampleRate: sampleRate, samples: samples))
    }

    private func write(bytes: [UInt8]) throws(SpeechError) {
        var at = 0
        while at < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + at, $0.count - at) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.unwritable(path) }
            at += count
        }
    }

    private static func unwritable(_ path: String) -> SpeechError {
        SpeechError(
            .unwritableFile,
            "\(path == "-" ? "The standard output" : path) cannot be written: \(String(cString: strerror(errno))).",
            advice: "See that there is room, and that you have the right; or choose another with -o.")
    }
}
