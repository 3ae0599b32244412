import Foundation
import PocketSphinxEngine
import SpeechModel

/// How many people can speak at once before results come late, beside what the bare engine could decode on two threads.
struct Capacity {
    private static let lagLimitMS = 500.0
    /// Streams begin one after the other: nobody measures how many people can say their very first word at once.
    private static let rampSeconds = 8.0
    let speech: Speech
    let seconds: Int
    let first: Int?

    func run(_ report: inout Report) async throws {
        report.title("Concurrent streams of continuous speech, two cores, before results lag by \(number(Self.lagLimitMS)) ms")
        let tracks = try (0..<6).map { try speech.conversation(seconds: seconds + Int(Self.rampSeconds), seed: $0 + 100) }
        let bare = try await bareLimit(tracks)
        report.note("the bare engine on two threads decodes \(number(bare)) streams' speech in real time")
        var held = 0
        var streams = first ?? Int(bare * 0.4)
        while true {
            let server = try await ServerProcess()
            let load = try Load(count: streams, port: server.port)
            let own = ProcessUse.ownSeconds
            let begun = now()
            load.run(audio: { tracks[$0 % tracks.count] }, ramp: Self.rampSeconds)
            // From when the last one had begun until the first one ended, so that all speak.
            let all = load.beganAt[streams - 1] + 5...load.beganAt[0] + Double(seconds) + Self.rampSeconds
            let lags = Quantiles(load.finals.filter { all.contains($0.at) }.compactMap { load.delay(of: $0) })
            let decoders = ProcessUse.family(of: server.id).dropFirst().reduce(0) { $0 + ProcessUse.processorSeconds($1) }
            let generator = (ProcessUse.ownSeconds - own) / (now() - begun) * 100
            load.close()
            server.stop()
            report.line("\(streams) streams: lag of finals", lags, unit: "ms")
            report.note(
                "decoders \(number(decoders / (now() - begun))) cores, errors \(load.errors.count)\(load.errors.first.map { " (\($0))" } ?? ""), load generator \(number(generator)) % of a core"
            )
            guard lags[0.95] <= Self.lagLimitMS, load.errors.isEmpty else { break }
            held = streams
            streams += lags[0.95] < Self.lagLimitMS / 4 ? 2 : 1
        }
        report.line("streams held", Double(held), unit: "streams", atLeast: bare * 0.9)
    }

    /// Streams whose speech two threads of the engine decode in real time: the same segments, as the server cut them.
    private func bareLimit(_ tracks: [[Int16]]) async throws -> Double {
        let server = try await ServerProcess()
        defer { server.stop() }
        let load = try Load(count: tracks.count, port: server.port)
        load.run(audio: { tracks[$0] }, ramp: Self.rampSeconds)
        let segments = load.finals.map { final in
            let track = tracks[final.stream]
            // What the server's decoder hears too: up to the moment of the decision.
            let end = min(track.count, Int(final.endMS - 200 + final.endpointWaitMS) * 16)
            return Array(track[min(Int(final.startMS) * 16, end)..<end])
        }
        let wall = try BareDecoder.decode(
            segments, mode: .live, threads: 2,
            models: speech.root.appendingPathComponent(".native/models/pocketsphinx/en-us").path)
        return Double(tracks.reduce(0) { $0 + $1.count }) / Double(SampleTime.rate) / wall
    }
}
