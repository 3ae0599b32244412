import Foundation
import SpeechModel

/// A machine of its own as far as the network goes: a network namespace, with a cable to a bridge in this process's own namespace.
///
/// No name of it is written down anywhere: it is there as long as processes are in it. The one that holds it ends with this one,
/// however that ends.
final class NetworkHost {
    /// Its IPv4 address, on a network of 24 bits.
    let address: String
    /// What a command line begins with that is run on it.
    let entering: [String]
    /// The bridge's end of the cable.
    private let cable: String
    private let holder = Process()
    private let input = Pipe()

    /// Whether this process may make namespaces, and has what is needed for it; else why not.
    static var obstacle: String? {
        guard geteuid() == 0 else { return "it needs root, to make network namespaces" }
        let works = try? runProgram("/usr/bin/env", ["unshare", "--net", "ip", "link", "add", "bridge", "type", "bridge"])
        return works == nil ? "`unshare --net`, or `ip`, is missing or may not make a bridge here" : nil
    }

    /// Makes the bridge that the hosts hang on, with this process on it; in a network namespace where there is none yet.
    static func makeBridge(address: String) throws {
        try ip("link", "add", "bridge", "type", "bridge")
        try ip("address", "add", "\(address)/24", "dev", "bridge")
        try ip("link", "set", "bridge", "up")
    }

    /// Makes a host.
    ///
    /// - Parameter name: at most 11 letters.
    init(_ name: String, address: String) throws {
        self.address = address
        cable = "to-\(name)"
        let output = Pipe()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // It ends when nobody can write to it any more.
        holder.arguments = ["unshare", "--net", "cat"]
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        entering = ["nsenter", "--net=/proc/\(holder.processIdentifier)/ns/net"]
        // What it repeats it has read in its namespace.
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        guard !output.fileHandleForReading.availableData.isEmpty else {
            throw SpeechError(.missingDependency, "No network namespace could be made.", advice: "Run this as root.")
        }
        try Self.ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", "\(holder.processIdentifier)")
        try Self.ip("link", "set", cable, "master", "bridge", "up")
        for command in [
            ["link", "set", "lo", "up"], ["address", "add", "\(address)/24", "dev", "eth0"], ["link", "set", "eth0", "up"],
        ] { try runProgram("/usr/bin/env", entering + ["ip"] + command) }
    }

    /// Nothing crosses the cable any more, in either direction.
    func cut() throws { try Self.ip("link", "set", cable, "down") }

    /// Everything does again.
    func reconnect() throws { try Self.ip("link", "set", cable, "up") }

    func remove() {
        // It may have inherited that SIGTERM is blocked.
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
    }

    private static func ip(_ arguments: String...) throws { try runProgram("/usr/bin/env", ["ip"] + arguments) }
}
