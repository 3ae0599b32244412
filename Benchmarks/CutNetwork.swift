import Foundation
import SpeechModel

/// Take-overs by a cut network: in a process of its own, which is this program started anew in a network namespace of its own. There the
/// clients and subscribers are; both servers and the witness have each their own.
enum CutNetwork {
    /// The first argument of such a process.
    static let role = "cut-network"

    /// - Parameters: as of ``Failover``.
    static func takeOvers(times: Int, streams: Int) throws -> [TakeOver] {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // Foundation needs the loopback to run processes.
        process.arguments = [
            "unshare", "--net", "sh", "-c", #"ip link set lo up && exec "$@""#, "sh", CommandLine.arguments[0], role, "\(times)",
            "\(streams)",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw SpeechError(
                .internalError, "The take-overs by a cut network broke off.", advice: "The reason is on the standard error.")
        }
        return try JSONDecoder().decode([TakeOver].self, from: text)
    }

    /// The life of such a process; it writes the take-overs to its standard output. When its standard input ends before, the other has
    /// ended, and so does this.
    static func run(times: Int, streams: Int) async throws {
        let measuring = Task { try await measure(times: times, streams: streams) }
        Thread.detachNewThread {
            _ = FileHandle.standardInput.readDataToEndOfFile()
            measuring.cancel()
        }
        try FileHandle.standardOutput.write(contentsOf: try JSONEncoder().encode(try await measuring.value))
    }

    private static func measure(times: Int, streams: Int) async throws -> [TakeOver] {
        try NetworkHost.makeBridge(address: "10.77.0.254")
        var hosts: [NetworkHost] = []
        defer { for host in hosts { host.remove() } }
        for (number, name) in ["primary", "standby", "witness"].enumerated() {
            hosts.append(try NetworkHost(name, address: "10.77.0.\(number + 1)"))
        }
        let couple = try await ServerCouple(on: hosts)
        defer { couple.stop() }
        return try await Failover(speech: Speech(), times: times, streams: streams).takeOvers(of: couple, by: [.cut])
    }
}
