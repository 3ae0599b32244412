import Foundation
import SpeechModel

/// How many people a neural model hears at once, beside sherpa-onnx' own server: the same model, the same audio, the same machine.
///
/// Streams come in real time, and each ends with its audio. What is measured is the time from its last sample to the end of its result,
/// which is all that a server has fallen behind by then.
struct NeuralStreams {
    private static let lagLimitMS = 500.0
    /// Streams begin one after the other, and so end one after the other.
    private static let rampSeconds = 4.0
    /// How long people pause between two utterances.
    private static let speakers = [(700, "of people who never stop"), (3500, "of people who listen as long as they speak")]
    let speech: Speech
    let seconds: Int
    /// The model's folder, of kind `streaming-nemo-ctc`: both servers are told of it by its files.
    let model: String
    /// sherpa-onnx' program, if it is there.
    let peer: String?
    let first: Int?

    func run(_ report: inout Report) async throws {
        for (pauseMS, who) in Self.speakers { try await run(&report, who, pauseMS: pauseMS) }
    }

    private func run(_ report: inout Report, _ who: String, pauseMS: Int) async throws {
        report.title(
            "Streams at once with the neural model in \(model), \(who), before results lag by \(number(Self.lagLimitMS)) ms")
        let tracks = try (0..<6).map { try speech.conversation(seconds: seconds, seed: $0 + 200, pauseMS: pauseMS) }
        let ours = try await held(by: .mynah, tracks, &report)
        guard let peer else {
            return report.note("sherpa-onnx-online-websocket-server: left out, because --peer does not name it")
        }
        let theirs = try await held(by: .peer(peer), tracks, &report)
        report.line("Mynah holds", Double(ours), unit: "streams", atLeast: Double(theirs))
        let half = max(1, theirs / 2)
        var latencies: [Double] = []
        for server in [NeuralServer.Kind.mynah, .peer(peer)] {
            let measured = try await measure(server, streams: half, tracks)
            report.line("\(server.name), \(half) streams: last sample → whole result", measured.lags, unit: "ms")
            report.note(measured.remark)
            latencies.append(measured.lags[0.95])
        }
        report.line("Mynah's p95 beside the peer's", latencies[0] / latencies[1] * 100, unit: "%", atMost: 100)
    }

    /// Streams are doubled until results lag, then tried in between.
    private func held(by kind: NeuralServer.Kind, _ tracks: [[Int16]], _ report: inout Report) async throws -> Int {
        var (held, missed) = (0, Int.max)
        var streams = first ?? 8
        while missed - held > max(1, held / 16) {
            let measured = try await measure(kind, streams: streams, tracks)
            report.line("\(kind.name), \(streams) streams: last sample → whole result", measured.lags, unit: "ms")
            report.note(measured.remark)
            if measured.lags[0.95] <= Self.lagLimitMS, measured.unanswered == 0 { held = streams } else { missed = streams }
            streams = missed == .max ? held * 2 : (held + missed) / 2
            if streams == 0 { break }
        }
        return held
    }

    private struct Measured {
        var lags: Quantiles
        var unanswered: Int
        var remark: String
    }

    private func measure(_ kind: NeuralServer.Kind, streams count: Int, _ tracks: [[Int16]]) async throws -> Measured {
        let server = try await NeuralServer(kind, model: model, streams: count)
        defer { server.stop() }
        let streams = try (0..<count).map { _ in try RawStream(port: server.port, path: kind.path) }
        if case .mynah = kind {
            for stream in streams { stream.send(text: #"{"type":"start","sample_rate":16000,"channels":1}"#) }
        }
        let audio = tracks.map { kind.encode($0) }
        let frame = kind.bytesPerSecond / 10
        let begun = now() + 0.1
        let before = ProcessUse.family(of: server.id).reduce(0) { $0 + ProcessUse.processorSeconds($1) }
        let begins = (0..<count).map { begun + Double($0) / Double(count) * Self.rampSeconds }
        var sent = [Int](repeating: 0, count: count)
        var endedAt = [Double](repeating: .infinity, count: count)
        var answeredAt = [Double](repeating: .infinity, count: count)
        var texts = Set<Int>()
        let deadline = begun + Self.rampSeconds + Double(seconds) + 10
        var memory = 0.0
        var memoryDue = begun + Self.rampSeconds
        while now() < deadline, answeredAt.contains(.infinity) {
            for index in streams.indices {
                let track = audio[index % audio.count]
                while sent[index] < track.count {
                    let size = min(frame, track.count - sent[index])
                    guard begins[index] + Double(sent[index] + size) / Double(kind.bytesPerSecond) <= now() else { break }
                    track.withUnsafeBytes {
                        streams[index].send(binary: UnsafeRawBufferPointer(rebasing: $0[sent[index]..<sent[index] + size]))
                    }
                    sent[index] += size
                    if sent[index] == track.count {
                        streams[index].send(text: kind.end)
                        endedAt[index] = now()
                    }
                }
                streams[index].receive { message in
                    if kind.isEnd(message), answeredAt[index] == .infinity { answeredAt[index] = now() }
                    if message.count > 60 { texts.insert(index) }
                }
            }
            // Seldom, because to read it takes time from what is measured.
            if now() >= memoryDue {
                memory = max(memory, ProcessUse.family(of: server.id).reduce(0) { $0 + ProcessUse.memory($1) })
                memoryDue = now() + 2
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        let used = ProcessUse.family(of: server.id).reduce(0) { $0 + ProcessUse.processorSeconds($1) } - before
        for stream in streams { stream.close() }
        let lags = zip(answeredAt, endedAt).map { ($0 - $1) * 1000 }.filter(\.isFinite)
        let unanswered = count - lags.count
        return Measured(
            lags: Quantiles(lags), unanswered: unanswered,
            remark: "processor \(number(used / Double(seconds) / Double(count) * 100)) % of a core for each stream, memory "
                + "\(number(memory / 1_048_576)) MB, streams with text \(texts.count), without an answer \(unanswered)")
    }
}

/// A server with a neural model: ours, or sherpa-onnx' own.
private final class NeuralServer {
    enum Kind {
        case mynah
        case peer(String)

        var name: String { if case .mynah = self { "Mynah" } else { "sherpa-onnx" } }
        var path: String { if case .mynah = self { "/v1/asr/stream" } else { "/" } }
        var end: String { if case .mynah = self { #"{"type":"end"}"# } else { "Done" } }
        var bytesPerSecond: Int { if case .mynah = self { 32_000 } else { 64_000 } }

        /// 16-bit samples for ours, 32-bit floats for the other, as each expects them.
        func encode(_ samples: [Int16]) -> [UInt8] {
            if case .mynah = self { return samples.withUnsafeBytes { Array($0) } }
            return samples.map { Float($0) / 32768 }.withUnsafeBytes { Array($0) }
        }

        func isEnd(_ message: [UInt8]) -> Bool {
            if case .mynah = self { message.starts(with: #"{"type":"ended""#.utf8) } else { message.starts(with: "Done!".utf8) }
        }
    }

    let port: Int
    private let mynah: ServerProcess?
    private let peer: Process?
    var id: Int32 { mynah?.id ?? peer?.processIdentifier ?? 0 }

    init(_ kind: Kind, model: String, streams: Int) async throws {
        switch kind {
        case .mynah:
            let server = try await ServerProcess(settings: [
                "stt.model_path=\(model)", "stt.decoders=\(streams)", "stt.fallback=none", "resilience.overload_lag_ms=0",
                "resilience.bulkhead.max_queue_size=1000",
            ])
            (mynah, peer, port) = (server, nil, server.port)
        case .peer(let program):
            port = try freePort()
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            // As many threads and as large a batch as ours has.
            process.arguments = [
                "--port=\(port)", "--tokens=\(model)/tokens.txt", "--nemo-ctc-model=\(model)/model.onnx", "--max-batch-size=32",
                "--num-work-threads=\(ProcessInfo.processInfo.activeProcessorCount)", "--num-threads=1", "--log-file=/dev/null",
            ]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            (mynah, peer) = (nil, process)
            for _ in 0..<200 {
                if let probe = try? RawStream(port: port, path: "/") {
                    probe.close()
                    break
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    func stop() {
        mynah?.stop()
        // It does not heed SIGTERM.
        if let peer { kill(peer.processIdentifier, SIGKILL) }
        peer?.waitUntilExit()
    }
}
