import ArgumentParser
import Assembly
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
    @Option(help: "What the text is written in, ISO 639-1; voices of several languages find out themselves.")
    var language: String?
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
        try SoundFile.check(output)
        do {
            let began = ContinuousClock.now
            let audio = try await synthesizer.speak(SpeechRequest(text, voice: voice, speed: speed, language: language))
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
