import Foundation

/// Minutes of what a pipeline hears in a day: two people who speak with pauses, noise, and a recording that the server plays itself.
struct Soak {
    /// Decoders and buffers grow to their size in it.
    private static let warmUpShare = 0.2
    /// A slope over less says nothing.
    private static let minimumMinutes = 30
    let speech: Speech
    let minutes: Int

    func run(_ report: inout Report) async throws {
        report.title("Soak: \(minutes) minutes, four streams, one of them a source of the server's own")
        let file = speech.root.appendingPathComponent(".build/bench-speech/soak.wav")
        try writeWAV(try speech.conversation(seconds: 60, seed: 90), to: file)
        let server = try await ServerProcess(environment: ["RTAP_AUDIO_MOCK": file.path])
        defer { server.stop() }
        var random = Random(seed: 91)
        let noise = Noise.pink.samples(16_000 * 60, rms: 300, using: &random)
        let pause = [Int16](repeating: 0, count: 16_000 * 30)
        let talk = try (0..<2).map { try speech.conversation(seconds: 60, seed: $0 + 92) + pause }
        let load = try Load(count: 3, port: server.port)
        var memory: [(minute: Double, bytes: Double)] = []
        let before = try await server.metrics()
        let used = processorSeconds(server)
        let begun = now()
        load.run(
            audio: { [talk[0], talk[1], noise][$0] }, seconds: Double(minutes * 60),
            onTurn: {
                let minute = (now() - begun) / 60
                guard minute >= (memory.last?.minute ?? -1) + 1 / 6.0 else { return }
                memory.append((minute, ProcessUse.family(of: server.id).reduce(0) { $0 + ProcessUse.memory($1) }))
            })
        let wall = now() - begun
        let isAlive = server.isRunning
        let after = isAlive ? try await server.metrics() : [:]
        load.close()

        func rise(_ name: String) -> Double { (after[name] ?? 0) - (before[name] ?? 0) }
        let frames = rise("rtap_frames_processed_total{stage=\"capture\"}")
        let overflows = after.keys.filter { $0.hasPrefix("rtap_errors_total{") && $0.contains("buffer_overflow") }.map(rise)
            .reduce(0, +)
        let others = after.keys.filter { $0.hasPrefix("rtap_errors_total{") && !$0.contains("buffer_overflow") }.map(rise).reduce(
            0, +)
        let crashes = rise("mynah_worker_crashes_total") + rise("mynah_worker_hangs_total")
        let warm = memory.filter { $0.minute >= Double(minutes) * Self.warmUpShare }
        let isLong = minutes >= Self.minimumMinutes
        report.line(
            "growth of memory, decoders included\(isLong ? "" : " (too short to judge)")", Self.slope(warm), unit: "%/h",
            atMost: isLong ? 5 : nil)
        report.line("frames dropped", overflows / max(1, frames) * 100, unit: "%", atMost: 0.1)
        report.line(
            "unhandled errors", Double(load.errors.count) + others + crashes + (isAlive ? 0 : 1), unit: "errors", atMost: 0)
        report.line("frames taken, each stream", frames / wall / 4, unit: "/s", atLeast: 49)
        report.line("memory, decoders included", (warm.last?.bytes ?? 0) / 1_048_576, unit: "MB")
        report.note(
            "finals of the clients \(load.finals.count), of all \(Int(rise("mynah_finals_total"))); "
                + "processor \(number((processorSeconds(server) - used) / wall)) cores; \(warm.count) readings of memory after a warm-up of "
                + "\(number(Double(minutes) * Self.warmUpShare)) minutes")
    }

    private func processorSeconds(_ server: ServerProcess) -> Double {
        ProcessUse.family(of: server.id).reduce(0) { $0 + ProcessUse.processorSeconds($1) }
    }

    /// By least squares, in percent of the mean per hour.
    private static func slope(_ readings: [(minute: Double, bytes: Double)]) -> Double {
        let count = Double(max(1, readings.count))
        let minute = readings.reduce(0) { $0 + $1.minute } / count
        let bytes = readings.reduce(0) { $0 + $1.bytes } / count
        let spread = readings.reduce(0) { $0 + ($1.minute - minute) * ($1.minute - minute) }
        let together = readings.reduce(0) { $0 + ($1.minute - minute) * ($1.bytes - bytes) }
        return spread > 0 && bytes > 0 ? together / spread * 60 / bytes * 100 : 0
    }
}
