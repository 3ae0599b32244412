import ArgumentParser
import Assembly
import Dispatch
import Foundation
import Logging
import MynahClient
import MynahConfiguration
import SpeechModel
import Telemetry
import SpeechPipeline

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the server and caption a sample of real speech, as a client would; then keep serving.",
        discussion: "Example: mynah demo --once")

    @ArgumentParser.Flag(help: "End after the sample.")
    var once = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        var options = options
        // Who only shows a recording needs no subscribers, and another server may have the ports.
        if once { options.assignments.append("output.enabled=false") }
        let configuration = try options.load()
        let settings = configuration.settings
        let models = ModelFiles.locate(settings)
        guard let sample = models.sampleSpeech else {
            throw SpeechError(
                .unreadableFile, "There is no sample speech beside \(models.directory).",
                advice: "Run `Scripts/setup`, or `mynah listen --file YOUR.wav` while `mynah serve` runs.")
        }
        let server = Server(configuration: configuration, logger: makeLogger(settings, threshold: LogThreshold(.warning)))
        let once = once
        let begun = ContinuousClock.now
        Terminal.output.write("Mynah \(Server.version) loads its models …\n")
        try await server.run { port in
            // Beside the server: it must not wait for its own client.
            Task.detached {
                let ready = begun.duration(to: .now) / .seconds(1)
                Terminal.output.write(
                    String(format: "ready after %.1f s. A recording of a human voice goes through the live stream:\n\n", ready))
                do {
                    try await caption(sample, port: port, token: settings.server.tokenFile?.secret)
                } catch {
                    Terminal.error.write("mynah: the demo failed: \(error)\n")
                    if once { Foundation.exit(ExitStatus.software.rawValue) }
                }
                if once {
                    kill(getpid(), SIGTERM)
                } else {
                    Terminal.output.write(
                        "\nSpeak yourself: open http://\(settings.server.listen.host):\(port)/ in a browser. Ctrl-C ends the server.\n"
                    )
                }
            }
        }
    }
}

/// Streams a file in real time and shows the captions.
private func caption(_ path: String, port: Int, token: Sensitive<String>?) async throws {
    let audio = try await LiveAudio.open(.file(path: path))
    defer { audio.stop() }
    var settings = StreamClient.Configuration(urls: [try ServerURL("ws://127.0.0.1:\(port)/v1/asr/stream")], token: token)
    settings.sampleRate = audio.format.sampleRate
    settings.channels = audio.format.channels
    settings.encoding = audio.format.encoding.rawValue
    settings.wakeWord = false
    let client = StreamClient(settings)
    let sending = Task {
        for try await piece in audio.pieces { await client.send(piece) }
        await client.end()
    }
    var writer = CaptionWriter(isJSON: false)
    for await event in client.events {
        writer.write(event)
        if case .failed(let error) = event { throw error }
    }
    _ = try await sending.value
}
