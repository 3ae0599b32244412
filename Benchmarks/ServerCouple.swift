import Foundation
import MynahClient
import NIOCore
import SpeechModel

/// A primary and its standby: on this machine with a lease directory, or on hosts of their own with a witness on a third.
final class ServerCouple {
    /// What one of two says of itself.
    struct Status {
        var isPrimary: Bool
        var isInSync: Bool
        var term: Int
    }

    private struct Seat {
        let host: NetworkHost?
        let port: Int
        let operators: Int
        let transcripts: Int
        let link: Int
        var address: String { host?.address ?? "127.0.0.1" }
    }

    /// What clients have to show; beyond loopback only.
    let token: Sensitive<String>?
    private let seats: [Seat]
    private var servers: [ServerProcess] = []
    private let witness = Process()
    private let witnessHost: NetworkHost?
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mynah-bench-\(UUID().uuidString)")
    /// For how long a restarted one, or one that was cut off, may take to be in sync, in seconds.
    private static let patience = 60.0

    /// Starts both and waits until the second is in sync.
    ///
    /// - Parameter hosts: two for the servers, and one for the witness; none: all on this machine.
    init(on hosts: [NetworkHost] = []) async throws {
        seats = try (0..<2).map { index in
            Seat(
                host: hosts.isEmpty ? nil : hosts[index], port: try freePort(), operators: try freePort(),
                transcripts: try freePort(), link: try freePort())
        }
        witnessHost = hosts.last
        token = hosts.isEmpty ? nil : Sensitive(UUID().uuidString)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try runProgram("/usr/bin/env", [mynahProgram, "keygen", keyFile])
            if let token { try Data("\(token.exposed)\n".utf8).write(to: URL(fileURLWithPath: tokenFile)) }
            if let witnessHost {
                witness.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                witness.arguments =
                    witnessHost.entering + [
                        mynahProgram, "witness", "--listen", witnessAddress, "--key-file", keyFile, "--state", path("witness"),
                    ]
                witness.standardError = FileHandle.nullDevice
                try witness.run()
            }
            for index in seats.indices { servers.append(try await start(index)) }
            try await waitUntilInSync()
        } catch {
            stop()
            throw error
        }
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    private var keyFile: String { path("failover.key") }
    private var tokenFile: String { path("token") }
    private var witnessAddress: String { "\(witnessHost?.address ?? ""):6560" }

    private func start(_ index: Int) async throws -> ServerProcess {
        let seat = seats[index]
        let other = seats[1 - index]
        var settings = [
            "failover.role=\(index == 0 ? "primary" : "standby")", "failover.listen=\(seat.address):\(seat.link)",
            "failover.peer=\(other.address):\(other.link)", "failover.key_file=\(keyFile)",
            "output.zmq_pub_port_transcripts=\(seat.transcripts)", "server.metrics_listen=\(seat.address):\(seat.operators)",
        ]
        if seat.host == nil {
            settings.append("failover.lease_directory=\(path("lease"))")
        } else {
            settings += [
                "failover.witness=\(witnessAddress)", "server.token_file=\(tokenFile)", "output.zmq_unencrypted=true",
            ]
        }
        return try await ServerProcess(
            settings: settings, on: seat.host, port: seat.port, awaiting: "/livez")
    }

    /// Where the transcripts of both are.
    var publishers: [String] { seats.map { "tcp://\($0.address):\($0.transcripts)" } }

    /// The live streams, that of one of them first.
    func streams(first: Int) throws -> [ServerURL] {
        try [first, 1 - first].map { try ServerURL("ws://\(servers[$0].authority)/v1/asr/stream") }
    }

    /// What `/status` of one of them says now.
    func status(of index: Int) async throws -> Status {
        let url = try ServerURL("http://\(seats[index].address):\(seats[index].operators)/status")
        let reply = try await HTTPClient.request(.get, url, timeout: .seconds(1))
        guard let json = try JSONSerialization.jsonObject(with: reply.data) as? [String: Any],
            let failover = json["failover"] as? [String: Any], let term = failover["term"] as? Int,
            let isInSync = failover["in_sync"] as? Bool
        else { throw reply.error }
        return Status(isPrimary: json["role"] as? String == "primary", isInSync: isInSync, term: term)
    }

    /// Waits until one leads and both know that the other is in sync.
    ///
    /// - Returns: which leads.
    @discardableResult
    func waitUntilInSync() async throws -> Int {
        let begun = now()
        while now() - begun < Self.patience {
            if let first = try? await status(of: 0), let second = try? await status(of: 1), first.isInSync, second.isInSync,
                first.isPrimary != second.isPrimary
            {
                return first.isPrimary ? 0 : 1
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SpeechError(
            .notReady, "The two servers are not in sync after \(Int(Self.patience)) s.",
            advice: "See what they wrote to the standard error.")
    }

    func strike(_ index: Int, with fault: Fault) throws {
        switch fault {
        case .kill: servers[index].kill()
        case .stop: kill(servers[index].id, SIGSTOP)
        case .cut: try seats[index].host?.cut()
        }
    }

    func heal(_ index: Int, of fault: Fault) async throws {
        switch fault {
        case .kill: servers[index] = try await start(index)
        case .stop: kill(servers[index].id, SIGCONT)
        case .cut: try seats[index].host?.reconnect()
        }
    }

    func stop() {
        for server in servers where server.isRunning { server.kill() }
        if witness.isRunning {
            kill(witness.processIdentifier, SIGKILL)
            witness.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }
}
