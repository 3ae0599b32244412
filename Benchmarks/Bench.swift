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
                if arguments.first == "subscriber" {
                    try SubscriberProcess.run(Array(arguments.dropFirst()))
                } else if arguments.first == "drain" {
                    try DrainProcess.run(arguments[1], count: Int(arguments[2])!)
                } else if arguments.first == CutNetwork.role {
                    try await CutNetwork.run(times: Int(arguments[1])!, streams: Int(arguments[2])!)
                } else if arguments.first == "stub-server" {
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
        case onsets, share, feed, publisher, hypotheses, endpoint, capacity, processor, connections, subscribers, text,
            detector, transcribe, words, front, wakeword, failover, neural, files, soak
    }

    @Argument(help: "What to measure.") var sections: [Section] = []
    @Option(help: "Seconds of each load; 20 unless given, and 45 for `capacity`, whose queue grows slowly.") var seconds: Int?
    @Option(help: "Streams that `capacity` begins with, and those of `failover`; else half of what the machine holds.")
    var streams: Int?
    @Option(help: "Take-overs of `failover`.") var times = 30
    @Option(help: "Minutes of `transcribe`, of `soak`, and of each sound for `wakeword`.") var minutes = 10

    @Option(help: "The folder of the model for `neural`, of kind streaming-nemo-ctc.")
    var model = "Tests/Fixtures/models/commands-en"
    @Option(help: "The program sherpa-onnx-online-websocket-server for `neural`.") var peer: String?
    @Option(help: "The folder of the model for `files`, of kind nemo-ctc or whisper (tiny.en); without it they are left out.")
    var offlineModel: String?
    @Option(help: "The program sherpa-onnx-offline for `files`.") var offlinePeer: String?
    @Option(help: "Sentences that each voice reads for `front`.") var lines = sentences.count

    func run() async throws {
        let speech = try Speech()
        var report = Report()
        let capacitySeconds = seconds ?? 45
        let seconds = seconds ?? 20
        for section in sections.isEmpty ? Section.allCases : sections {
            switch section {
            case .onsets: try GateOnsets(speech: speech).run(&report)
            case .share: try await OwnShare(speech: speech, seconds: seconds).run(&report)
            case .endpoint: try await EndpointToFinal(speech: speech, seconds: seconds).run(&report)
            case .capacity: try await Capacity(speech: speech, seconds: capacitySeconds, first: streams).run(&report)
            case .connections: try await Connections(seconds: seconds).run(&report)
            case .transcribe: try TranscribeHour(speech: speech, minutes: minutes).run(&report)
            case .feed: try await FeedLatency(speech: speech, seconds: seconds).run(&report)
            case .publisher: try await PublisherThroughput(seconds: seconds).run(&report)
            case .hypotheses: try await FirstHypotheses(speech: speech, seconds: seconds).run(&report)
            case .processor: try await ProcessorTime(speech: speech, seconds: seconds).run(&report)
            case .subscribers: try await Subscribers(speech: speech, seconds: seconds).run(&report)
            case .text: try AnalysisTime(speech: speech).run(&report)
            case .detector: try DetectorTime(speech: speech).run(&report)
            case .failover: try await Failover(speech: speech, times: times, streams: streams).run(&report)
            case .neural:
                try await NeuralStreams(speech: speech, seconds: seconds, model: model, peer: peer, first: streams).run(&report)
            case .files:
                if let offlineModel {
                    try NeuralFiles(speech: speech, model: offlineModel, peer: offlinePeer).run(&report)
                } else {
                    report.note("files: left out, because --offline-model names no model")
                }
            case .soak: try await Soak(speech: speech, minutes: minutes).run(&report)
            case .words: try WordErrors(speech: speech).run(&report)
            case .wakeword: try WakeWords(speech: speech, minutes: minutes).run(&report)
            case .front: try FrontEnd(speech: speech, lines: lines).run(&report)
            }
        }
        report.end()
        if report.missed > 0 { throw ExitCode(1) }
    }
}
