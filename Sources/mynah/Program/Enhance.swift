import ArgumentParser
import Assembly
import AudioFiles
import Foundation
import MynahConfiguration
import Ports
import SpeechModel
import Synchronization

struct Enhance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take the noise out of a recording.",
        discussion: """
            Needs a model for it: docs/models.md names them. The result is a mono WAV file at the model's rate.

            Examples:
              mynah models add gtcrn_simple.onnx
              mynah enhance street.mp3 -o clean.wav
              mynah transcribe --enhance street.mp3
            """)

    @Argument(help: "The recording; - is standard input.")
    var file: String
    @Option(name: [.short, .long], help: "Where to write it; - is standard output.")
    var output = "-"
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        try SoundFile.check(output)
        let enhancer = try TaskModels.enhancer(try options.load().settings, logger: nil)
        do {
            let began = ContinuousClock.now
            let recording = try await onThread {
                let source = try openAudio(
                    path: file, rawFormat: nil, settings: DecoderSettings(selfExecutable: executablePath()),
                    cancellation: Cancellation())
                defer { source.close() }
                return try Recording(source, keepsRate: true)
            }
            try await enhancer.start()
            let line = Mutex(ProgressLine())
            let clean = try await enhancer.enhance(recording.samples(), sampleRate: recording.sampleRate) { share in
                line.withLock { $0.update(fraction: share, note: "enhancing") }
            }
            line.withLock { $0.clear() }
            let sound = try SoundFile(output, sampleRate: clean.sampleRate, isRaw: false)
            try sound.write(clean.samples)
            try sound.finish()
            let took = max((ContinuousClock.now - began) / .seconds(1), 0.001)
            Terminal.error.write(
                String(
                    format: "%@: %.1f s at %d Hz in %.1f s, %.1f × real time\n", file, sound.seconds, clean.sampleRate, took,
                    sound.seconds / took))
            await enhancer.stop()
        } catch {
            await enhancer.stop()
            throw error
        }
    }
}
