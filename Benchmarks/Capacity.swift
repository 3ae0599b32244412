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
        let segments = try await segments(of: tracks)
        let models = speech.englishModel
        let wall = try BareDecoder.decode(segments.joined().map(\.samples), mode: .live, threads: 2, models: models)
        let throughput = Double(tracks.reduce(0) { $0 + $1.count }) / Double(SampleTime.rate) / wall
        report.note("the bare engine on two threads, one recording after the other: \(number(throughput)) × real time")
        let bare = try bareLimit(segments, from: Int(throughput * 0.8), models: models, &report)
        var held = 0
        var streams = first ?? bare / 2
        var isClose = false
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
            guard lags[0.95] <= Self.lagLimitMS, load.errors.isEmpty else {
                // Between this and what held may be one that nobody tried.
                guard streams > held + 1, held > 0 else { break }
                streams = held + 1
                isClose = true
                continue
            }
            held = streams
            if isClose { break }
            streams += lags[0.95] < Self.lagLimitMS / 4 ? 2 : 1
        }
        report.line("streams held", Double(held), unit: "streams", atLeast: Double(bare) * 0.9)
    }

    /// The segments of each track, as the server cuts them.
    private func segments(of tracks: [[Int16]]) async throws -> [[BareDecoder.Segment]] {
        let server = try await ServerProcess()
        defer { server.stop() }
        let load = try Load(count: tracks.count, port: server.port)
        load.run(audio: { tracks[$0] }, ramp: Self.rampSeconds)
        return tracks.indices.map { index in
            load.finals.filter { $0.stream == index && $0.endpointWaitMS >= 400 }.map { final in
                let end = min(tracks[index].count, Int(final.endMS) * 16)
                let start = min(Int(final.startMS) * 16, end)
                return BareDecoder.Segment(start: start, samples: Array(tracks[index][start..<end]))
            }
        }
    }

    /// How many streams two threads of the engine serve as the audio comes, before their results lag as much.
    private func bareLimit(
        _ segments: [[BareDecoder.Segment]], from first: Int, models: String, _ report: inout Report
    ) throws -> Int {
        let bare = BareDecoder.RealTime(models: models)
        func holds(_ streams: Int) throws -> Bool {
            let begins = (0..<streams).map { Double($0) / Double(streams) * Self.rampSeconds }
            let all = begins[streams - 1] + 5...Double(seconds) + Self.rampSeconds
            let lags = try bare.lags(of: (0..<streams).map { segments[$0 % segments.count] }, begins: begins, threads: 2)
            let inTime = Quantiles(lags.filter { all.contains($0.at) }.map { $0.seconds * 1000 })
            report.line("\(streams) streams, the bare engine on two threads: lag", inTime, unit: "ms")
            return inTime[0.95] <= Self.lagLimitMS
        }
        var held = first
        if try holds(held) {
            while try holds(held + 1) { held += 1 }
        } else {
            repeat { held -= 1 } while try held > 0 && !holds(held)
        }
        return held
    }
}
