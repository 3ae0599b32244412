import SpeechModel

/// Our own part of the delay: last needed sample → request to the recogniser, plus hypothesis → written to the connection.
///
/// Taken from the server's histograms, whose bucket bounds are reported: the truth is no worse.
struct OwnShare {
    let speech: Speech
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("Own share of the delay (server's histograms, upper bounds of buckets)")
        for (streams, stub) in [(1, false), (10, false), (16, false), (100, true)] {
            let server = try await ServerProcess(stub: stub)
            defer { server.stop() }
            let tracks = try (0..<min(streams, 16)).map { try speech.conversation(seconds: seconds, seed: $0) }
            let before = try await server.metrics()
            let own = ProcessUse.ownSeconds
            let used = ProcessUse.processorSeconds(server.id)
            let begun = now()
            let load = try Load(count: streams, port: server.port)
            load.run(audio: { tracks[$0 % tracks.count] }, ramp: 4)
            let wall = now() - begun
            let after = try await server.metrics()
            let name = "rtap_pipeline_latency_seconds"
            let request = HistogramDelta(name, labels: "stage=\"preprocess\"", from: before, to: after)
            let publish = HistogramDelta(name, labels: "stage=\"publish\"", from: before, to: after)
            let label = "\(streams) streams\(stub ? ", stub recogniser" : "")"
            for quantile in [0.5, 0.95, 0.99] {
                report.line(
                    "\(label): p\(Int(quantile * 100)), request + publish",
                    (request.quantile(quantile) + publish.quantile(quantile)) * 1000, unit: "ms",
                    atMost: quantile == 0.95 ? 1 : nil)
            }
            report.note(
                "request p50 \(number(request.quantile(0.5) * 1000)) p95 \(number(request.quantile(0.95) * 1000)), "
                    + "publish p50 \(number(publish.quantile(0.5) * 1000)) p95 \(number(publish.quantile(0.95) * 1000)) ms")
            report.note(
                "requests \(Int(request.count)), results \(Int(publish.count)), finals \(load.finals.count), errors \(load.errors.count); "
                    + "server \(number((ProcessUse.processorSeconds(server.id) - used) / wall * 100)) % of a core without its decoders, "
                    + "load generator \(number((ProcessUse.ownSeconds - own) / wall * 100)) %")
            let shown = after["mynah_partial_words_shown_total"] ?? 0
            let revised = after["mynah_partial_words_revised_total"] ?? 0
            if !stub {
                report.note("words shown as stable \(Int(shown)), of them revised \(number(revised / max(1, shown) * 100)) %")
            }
            load.close()
        }
    }
}
