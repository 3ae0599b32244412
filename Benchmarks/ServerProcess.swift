import Foundation
import MynahClient
import NIOCore
import SpeechModel

/// The release program that is measured.
let mynahProgram = ProcessInfo.processInfo.environment["MYNAH_BIN"] ?? ".build/release/mynah"

/// A server under load, in a process of its own on a loopback port, or on a ``NetworkHost``.
final class ServerProcess {
    let port: Int
    /// Where it listens: `address:port`.
    let authority: String
    private let process = Process()

    /// Starts `mynah serve` (or, with `stub`, the same server with a recogniser that only counts) and waits until `awaited` answers 200.
    ///
    /// - Parameters:
    ///   - settings: `key=value`, for `--set`.
    ///   - host: where it runs; this machine's loopback if nil.
    ///   - port: any free one if nil.
    init(
        stub: Bool = false, environment: [String: String] = [:], settings: [String] = [], on host: NetworkHost? = nil,
        port: Int? = nil, awaiting awaited: String = "/readyz"
    ) async throws {
        self.port = try port ?? freePort()
        authority = "\(host?.address ?? "127.0.0.1"):\(self.port)"
        let command =
            stub
            ? [CommandLine.arguments[0], "stub-server", authority]
            : [mynahProgram, "serve", "--listen", authority] + settings.flatMap { ["--set", $0] }
        // Both `env` and what enters a namespace become the program: the process's id is the server's.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = (host?.entering ?? []) + command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }.merging([
            "MYNAH_SERVER_MAX_CONNECTIONS_PER_ADDRESS": "5000", "MYNAH_SERVER_MAX_CONNECTIONS": "5000",
            "MYNAH_SESSION_MAX_SESSIONS": "5000", "MYNAH_LOG_LEVEL": "error", "MYNAH_OUTPUT_ZMQ_PUB_PORT_EVENTS": "0",
            "MYNAH_OUTPUT_ZMQ_PUB_PORT_TRANSCRIPTS": "0", "MYNAH_OUTPUT_WEBSOCKET_PORT": "0",
        ]) { $1 }
        try process.run()
        for _ in 0..<600 {
            if (try? await get(awaited).status) == 200 { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        if process.isRunning { stop() }
        throw SpeechError(.notReady, "The server did not become ready.", advice: "Run it by hand: \(mynahProgram) serve")
    }

    var id: Int32 { process.processIdentifier }

    func get(_ path: String) async throws -> HTTPReply {
        try await HTTPClient.request(.get, try ServerURL("http://\(authority)\(path)"))
    }

    /// The numbers of `/metrics`, by their name and labels as written there.
    func metrics() async throws -> [String: Double] {
        let reply = try await get("/metrics")
        var metrics: [String: Double] = [:]
        for line in String(buffer: reply.body).split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            metrics[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return metrics
    }

    var isRunning: Bool { process.isRunning }

    /// The addresses of the ZeroMQ publishers: events, then transcripts.
    func publishers() async throws -> [String] {
        let outlets = try await statistics("publishers")
        return ["zmq_events", "zmq_transcripts"].compactMap { (outlets[$0] as? [String: Any])?["endpoint"] as? String }
    }

    /// Waits until each of them has a subscriber, whose subscription is then on its way, too.
    func waitForSubscribers() async throws {
        for _ in 0..<200 {
            let outlets = try await statistics("publishers").values.compactMap { $0 as? [String: Any] }
            try await Task.sleep(for: .milliseconds(100))
            if outlets.allSatisfy({ ($0["subscribers"] as? Int ?? 0) > 0 }) { return }
        }
        throw SpeechError(.connectionFailed, "No subscriber came.", advice: "Is the machine busy?")
    }

    /// A part of `/stats`.
    func statistics(_ part: String) async throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(String(buffer: try await get("/stats").body).utf8))
        return (json as? [String: Any])?[part] as? [String: Any] ?? [:]
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Ends it as a defect or an operator would who has lost patience.
    func kill() {
        Foundation.kill(id, SIGKILL)
        process.waitUntilExit()
    }
}

/// A port that nobody listens on.
func freePort() throws -> Int {
    let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) + getsockname(socket, $0, &length) }
    }
    guard result == 0 else { throw SpeechError(.portInUse, "No port is free.", advice: "End other programs.") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// A bucketed distribution of `/metrics` between two scrapes.
struct HistogramDelta {
    private var buckets: [(bound: Double, count: Double)] = []

    init(_ name: String, labels: String, from before: [String: Double], to after: [String: Double]) {
        for (key, value) in after where key.hasPrefix("\(name)_bucket{") && key.contains(labels) {
            guard let start = key.range(of: "le=\"")?.upperBound, let end = key[start...].firstIndex(of: "\"") else { continue }
            let bound = key[start..<end] == "+Inf" ? Double.infinity : Double(key[start..<end])!
            buckets.append((bound, value - (before[key] ?? 0)))
        }
        buckets.sort { $0.bound < $1.bound }
    }

    var count: Double { buckets.last?.count ?? 0 }

    /// The upper bound of the bucket that holds the quantile: never less than the truth.
    func quantile(_ quantile: Double) -> Double {
        buckets.first { $0.count >= count * quantile }?.bound ?? .nan
    }
}
