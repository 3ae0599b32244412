import Foundation
import Synchronization

/// A ZeroMQ subscriber in a process of its own, which is this program started anew: when each message came, and what it was.
final class SubscriberProcess {
    struct Message {
        /// Seconds of ``now()``, which all processes share.
        var at: Double
        var topic: String
        var body: Data

        var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
    }

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    /// Subscribes to everything of `endpoints`.
    init(_ endpoints: [String]) throws {
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["subscriber"] + endpoints
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Ends the process, and tells what it got.
    func stop() throws -> [Message] {
        try input.fileHandleForWriting.close()
        let lines = output.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n"))
        process.waitUntilExit()
        return lines.compactMap { line in
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard parts.count == 3, let nanoseconds = Double(String(decoding: parts[0], as: UTF8.self)) else { return nil }
            return Message(at: nanoseconds / 1e9, topic: String(decoding: parts[1], as: UTF8.self), body: Data(parts[2]))
        }
    }

    /// The life of such a process: it keeps what comes until its standard input ends, then writes it as `NANOSECONDS TOPIC BODY`.
    static func run(_ endpoints: [String]) throws {
        let socket = try SubSocket(endpoints)
        defer { socket.close() }
        let isOver = OverFlag()
        Thread.detachNewThread {
            _ = FileHandle.standardInput.readDataToEndOfFile()
            isOver.raise()
        }
        var got: [(at: Double, topic: [UInt8], body: [UInt8])] = []
        got.reserveCapacity(1 << 16)
        while !isOver.isRaised {
            while socket.receive(waitMS: 100, { got.append((now(), Array($0), Array($1))) }), !isOver.isRaised {}
        }
        var text = Data()
        for message in got {
            text += Data("\(Int(message.at * 1e9)) ".utf8) + Data(message.topic) + Data(" ".utf8)
            text += Data(message.body) + Data("\n".utf8)
        }
        try FileHandle.standardOutput.write(contentsOf: text)
    }
}

/// Raised once, by another thread.
final class OverFlag: Sendable {
    private let flag = Atomic(false)
    var isRaised: Bool { flag.load(ordering: .acquiring) }
    func raise() { flag.store(true, ordering: .releasing) }
}
