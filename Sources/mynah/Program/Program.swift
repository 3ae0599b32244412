import ArgumentParser
import Assembly
import AudioFiles
import Dispatch
import Foundation
import SpeechModel

/// The entry. Worker and confinement processes branch off before any thread exists, because they fork and restrict themselves.
@main
enum Program {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "worker": Recognition.runWorker(arguments: Array(arguments.dropFirst()))
        case "confine": Confinement.run(arguments: Array(arguments.dropFirst()))
        default: break
        }
        signal(SIGPIPE, SIG_IGN)
        Task.detached { await run() }
        dispatchMain()
    }

    private static func run() async -> Never {
        do {
            var command = try Root.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            exit(0)
        } catch let error as SpeechError {
            exit(ExitStatus.report(error).rawValue)
        } catch {
            Root.exit(withError: error)
        }
    }
}

struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mynah", abstract: "A self-hosted speech platform: it listens, and writes what was said.",
        discussion: """
            Examples:
              mynah demo                          live captions of a sample, then the page at http://127.0.0.1:8080/
              mynah serve                         the server
              mynah transcribe meeting.wav        a file to text
              mynah speak "Good morning." -o a.wav  text to speech
              mynah listen                        live captions of the microphone, in the terminal
            """, version: "mynah \(Server.version)",
        subcommands: [
            Serve.self, Transcribe.self, Speak.self, Enhance.self, Listen.self, Demo.self, ModelsCommand.self, ConfigCommand.self,
            Doctor.self,
            FailoverCommand.self, WitnessCommand.self, KeygenCommand.self, ErrorsCommand.self,
        ])
}
