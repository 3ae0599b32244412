import Foundation

/// What clients cost that say nothing.
struct Connections {
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("Clients that do not speak")
        do {
            let server = try await ServerProcess()
            defer { server.stop() }
            try await Task.sleep(for: .seconds(2))
            let memory = ProcessUse.memory(server.id)
            let load = try Load(count: 1000, port: server.port)
            try await Task.sleep(for: .seconds(2))
            let used = ProcessUse.processorSeconds(server.id)
            let begun = now()
            load.run(audio: { _ in [] }, ends: false, linger: Double(seconds))
            let share = (ProcessUse.processorSeconds(server.id) - used) / (now() - begun) * 100
            report.line("1000 begun streams without audio: processor", share, unit: "% of a core", atMost: 2)
            report.line(
                "1000 begun streams without audio: memory each", (ProcessUse.memory(server.id) - memory) / 1000 / 1024,
                unit: "KB",
                atMost: 20)
            load.close()
        }
        let server = try await ServerProcess()
        defer { server.stop() }
        var random = Random(seed: 7)
        let noise = Noise.pink.samples(16_000 * seconds, rms: 60, using: &random)
        let memory = ProcessUse.memory(server.id)
        let load = try Load(count: 300, port: server.port, frameMS: 20)
        let used = ProcessUse.processorSeconds(server.id)
        let own = ProcessUse.ownSeconds
        let begun = now()
        load.run(audio: { _ in noise }, ends: false, linger: 0.1)
        let wall = now() - begun
        report.line(
            "300 streams of room noise: processor", (ProcessUse.processorSeconds(server.id) - used) / wall, unit: "cores",
            atMost: 1)
        report.line("300 streams of room noise: memory each", (ProcessUse.memory(server.id) - memory) / 300 / 1024, unit: "KB")
        report.note(
            "finals \(load.finals.count), errors \(load.errors.count); load generator \(number((ProcessUse.ownSeconds - own) / wall)) cores"
        )
        load.close()
    }
}
