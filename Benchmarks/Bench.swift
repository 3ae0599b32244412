import ArgumentParser
import Assembly
import Foundation
import SpeechModel

/// `make bench`: every promise that has a number, measured, beside its limit.
///
/// Worker processes branch off before any thread exists, because they fork.
@main
enum Bench {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "worker" { StubDecoder.runWorker() }
        signal(SIGPIPE, SIG_IGN)
        Task.detached {
            do {
                if arguments.first == "stub-server" {
                    try await StubServer.run(listen: arguments[1])
                } else {
                    let command = try Command.parse(arguments)
                    try await command.run()
                }
                exit(0)
            } catch let error as SpeechError {
                FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
                exit(1)
            } catch {
                Command.exit(withError: error)
            }
        }
        dispatchMain()
    }
}

struct Command: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure what Mynah promises.",
        discussion: "Sections: \(Section.allCases.map(\.rawValue).joined(separator: ", ")). All of them when none is named.")

    enum Section: String, CaseIterable, ExpressibleByArgument {
        case onsets, share, endpoint, capacity, connections, transcribe, words
    }

    @Argument(help: "What to measure.") var sections: [Section] = []
    @Option(help: "Seconds of each load.") var seconds = 20
    @Option(help: "Streams that `capacity` begins with; else half of what the bare engine holds.") var streams: Int?
    @Option(help: "Minutes of speech for `transcribe`.") var minutes = 10

    func run() async throws {
        let speech = try Speech()
        var report = Report()
        for section in sections.isEmpty ? Section.allCases : sections {
            switch section {
            case .onsets: try GateOnsets(speech: speech).run(&report)
            case .share: try await OwnShare(speech: speech, seconds: seconds).run(&report)
            case .endpoint: try await EndpointToFinal(speech: speech, seconds: seconds).run(&report)
            case .capacity: try await Capacity(speech: speech, seconds: seconds, first: streams).run(&report)
            case .connections: try await Connections(seconds: seconds).run(&report)
            case .transcribe: try TranscribeHour(speech: speech, minutes: minutes).run(&report)
            case .words: try WordErrors(speech: speech).run(&report)
            }
        }
        report.end()
        if report.missed > 0 { throw ExitCode(1) }
    }
}
