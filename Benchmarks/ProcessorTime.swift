import Foundation

/// Processor time of the server and its decoders for each stream, silent or speaking.
struct ProcessorTime {
    private static let framesPerSecond = 50.0
    let speech: Speech
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("Processor time per stream, decoders included")
        let silence = [Int16](repeating: 0, count: 16_000 * seconds)
        try await measure("silent", streams: 16, &report) { _ in silence }
        for streams in [1, 4, 16] {
            let tracks = try (0..<streams).map { try speech.conversation(seconds: seconds, seed: $0 + 70) }
            try await measure("speaking", streams: streams, &report) { tracks[$0] }
        }
    }

    private func measure(
        _ kind: String, streams: Int, _ report: inout Report, audio: (Int) -> [Int16]
    ) async throws {
        let server = try await ServerProcess()
        defer { server.stop() }
        let load = try Load(count: streams, port: server.port)
        let before = try await server.metrics()
        let used = processorSeconds(server)
        // To the last answer: what is decoded later is time of these streams as well.
        load.run(audio: audio, seconds: Double(seconds), ramp: 0.5, linger: 60)
        let share = (processorSeconds(server) - used) / Double(streams * seconds) * 100
        let name = "rtap_frames_processed_total{stage=\"capture\"}"
        let frames = (try await server.metrics()[name] ?? 0) - (before[name] ?? 0)
        let label = "\(streams) \(kind) stream\(streams == 1 ? "" : "s")"
        report.line("\(label): processor, each", share, unit: "% of a core", atMost: 20)
        report.line(
            "\(label): frames taken, each", frames / Double(streams * seconds), unit: "/s", atLeast: Self.framesPerSecond * 0.99)
        report.note("finals \(load.finals.count), errors \(load.errors.count)")
        load.close()
    }

    private func processorSeconds(_ server: ServerProcess) -> Double {
        ProcessUse.family(of: server.id).reduce(0) { $0 + ProcessUse.processorSeconds($1) }
    }
}
