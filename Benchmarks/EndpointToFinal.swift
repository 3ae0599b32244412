/// End of speech → final at the client, split. What is not endpoint wait is computation.
struct EndpointToFinal {
    let speech: Speech
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("End of speech → final result at the client")
        for streams in [1, 8] {
            let server = try await ServerProcess()
            defer { server.stop() }
            let load = try Load(count: streams, port: server.port)
            let tracks = try (0..<streams).map { try speech.conversation(seconds: seconds * 2, seed: $0 + 50) }
            load.run(audio: { tracks[$0] }, ramp: Double(streams))
            let finals = load.finals.compactMap { final in load.delay(of: final).map { (final, $0) } }
            let label = "\(streams) stream\(streams == 1 ? "" : "s")"
            report.line("\(label): endpoint wait", Quantiles(finals.map { $0.0.endpointWaitMS }), unit: "ms")
            report.line("\(label): recogniser", Quantiles(finals.map { $0.0.recogniserMS }), unit: "ms")
            report.line(
                "\(label): transport and publish", Quantiles(finals.map { $0.1 - $0.0.recogniserMS }), unit: "ms")
            report.line(
                "\(label): all but the endpoint wait", Quantiles(finals.map(\.1)), unit: "ms", p95Limit: streams == 1 ? 60 : nil)
            load.close()
        }
    }
}
