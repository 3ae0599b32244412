import ArgumentParser
import Foundation
import MynahClient
import SpeechModel
import SpeechPipeline

/// `mynah listen`: live captions in the terminal.
struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show live captions of a microphone, a file or the standard input.",
        discussion: """
            Needs a server; start one with `mynah serve`. What may still change is grey, and italic where it probably will. Ctrl-C \
            ends the stream and waits for the last captions; a second one ends at once. Where the standard output is no terminal, \
            each finished caption is a plain line.

            EXAMPLES
              mynah listen
              mynah listen --device plughw:1,0 --to ws://server:8080/v1/asr/stream --token-file token
              mynah listen --to ws://one:8080/v1/asr/stream --to ws://two:8081/v1/asr/stream
              mynah listen --file meeting.wav > meeting.txt
              arecord -t raw -f S16_LE -r 16000 | mynah listen --stdin --json
            """)

    @Option(help: ArgumentHelp("The ALSA device, as `arecord -L` names it. (default: default)", valueName: "name"))
    var device: String?

    @Option(
        help: ArgumentHelp("An audio or video file instead of a microphone, heard in real time.", valueName: "path"),
        completion: .file())
    var file: String?

    @Flag(
        name: .customLong("stdin"), help: "Samples on the standard input (signed 16 bits, little-endian) instead of a microphone."
    )
    var standardInput = false

    @Option(help: ArgumentHelp("Samples per second of --stdin. (default: 16000)", valueName: "hertz"))
    var rate: Int?

    @Option(help: ArgumentHelp("Channels of --stdin, interleaved. (default: 1)", valueName: "count"))
    var channels: Int?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "The server's live stream; once more for its standby's. (default: ws://127.0.0.1:8080/v1/asr/stream)",
            valueName: "url"))
    var to: [String] = []

    @Option(
        help: ArgumentHelp("The file that holds the server's bearer token.", valueName: "path"), completion: .file())
    var tokenFile: String?

    @Flag(help: "Show nothing before somebody says one of the server's wake words.")
    var wakeWord = false

    @Flag(help: "One JSON object per event and line.")
    var json = false

    func validate() throws {
        guard [device != nil, file != nil, standardInput].count(where: \.self) <= 1 else {
            throw ValidationError("Give at most one of --device, --file and --stdin.")
        }
        guard standardInput || (rate == nil && channels == nil) else {
            throw ValidationError("--rate and --channels describe --stdin; files and devices tell themselves.")
        }
    }

    func run() async throws {
        let urls = try (to.isEmpty ? ["ws://127.0.0.1:8080/v1/asr/stream"] : to).map { try ServerURL($0) }
        let token = try tokenFile.map(bearerToken(in:))
        let audio = try await LiveAudio.open(input())
        var configuration = StreamClient.Configuration(urls: urls, token: token)
        configuration.sampleRate = audio.format.sampleRate
        configuration.channels = audio.format.channels
        configuration.encoding = audio.format.encoding.rawValue
        // Whoever starts it wants to read everything.
        configuration.wakeWord = wakeWord
        let client = StreamClient(configuration)

        let interrupt = Interrupt { audio.stop() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await piece in audio.pieces { await client.send(piece) }
                } catch {
                    await client.end()
                    throw error
                }
                await client.end()
            }
            let failure = await show(client.events, of: audio)
            audio.stop()
            if let failure { throw failure }
            try await group.waitForAll()
        }
        withExtendedLifetime(interrupt) {}
    }

    /// Writes the events to the end.
    ///
    /// - Returns: why the stream did not end well.
    private func show(_ events: StreamClient.Events, of audio: LiveAudio) async -> SpeechError? {
        var writer = CaptionWriter(isJSON: json)
        for await event in events {
            if case .ready = event, !json, Terminal.error.isTerminal {
                writer.note("Listening at \(audio.format.sampleRate) Hz. Ctrl-C ends.")
            }
            writer.write(event)
            if case .failed(let error) = event { return error }
        }
        return nil
    }

    private func input() throws(SpeechError) -> LiveAudio.Input {
        if let file { return .file(path: file) }
        guard standardInput else { return .microphone(device: device ?? "default") }
        return .standardInput(try AudioFormat(sampleRate: rate ?? 16_000, channels: channels ?? 1))
    }
}
