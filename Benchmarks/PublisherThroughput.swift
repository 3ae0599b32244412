import Foundation
import SpeechModel
import ZMQEdge

/// Messages per second that reach a subscriber in another process: through our publisher, with its queue, thread and counters, beside a
/// bare libzmq publisher that one thread feeds.
struct PublisherThroughput {
    /// As long as a transcript with a sentence's words.
    private static let bytes = 1400
    private static let count = 100_000
    private let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    func run(_ report: inout Report) async throws {
        report.title("Publisher: messages of \(Self.bytes) bytes to a subscriber in another process, as fast as it takes them")
        var ours: [Double] = []
        var bare: [Double] = []
        // In turns, because a machine's speed changes from minute to minute, and many of them, because a round is half a second.
        for _ in 0..<max(9, seconds) {
            bare.append(try bareRate())
            ours.append(try await ourRate())
        }
        let shares = zip(ours, bare).map { $0 / $1 * 100 }
        report.line("libzmq alone", Quantiles(bare)[0.5] / 1000, unit: "thousand messages/s")
        report.line("our publisher", Quantiles(ours)[0.5] / 1000, unit: "thousand messages/s")
        report.line("share of libzmq alone, the middle of \(shares.count) rounds", Quantiles(shares)[0.5], unit: "%", atLeast: 80)
        report.note("from round to round: " + shares.map { number($0) }.joined(separator: ", ") + " %")
    }

    /// Each is a value of its own, as in a server; one value for all would have its references counted by two threads at once.
    private let messages = (0..<1024).map { _ in
        (topic: Array("transcript.en".utf8), body: [UInt8](repeating: UInt8(ascii: "x"), count: Self.bytes))
    }

    private func bareRate() throws -> Double {
        let publisher = try BarePublisher("tcp://127.0.0.1:*")
        defer { publisher.close() }
        let drain = try DrainProcess(publisher.endpoint, count: Self.count)
        try publisher.waitForSubscriber()
        for number in 0..<Self.count {
            let message = messages[number % messages.count]
            publisher.send(topic: message.topic, body: message.body)
        }
        return try drain.rate()
    }

    private func ourRate() async throws -> Double {
        // So that nothing is dropped while the subscriber is behind, as in the other.
        let publisher = try ZeroMQPublisher(
            ZeroMQSettings(host: "127.0.0.1", port: 0, highWaterMark: Self.count, queueCapacity: Self.count))
        publisher.start()
        let drain = try DrainProcess(publisher.endpoint, count: Self.count)
        guard await publisher.hasSubscriber(within: .seconds(10)) else {
            throw SpeechError(.connectionFailed, "No subscriber came.", advice: "Is the machine busy?")
        }
        for number in 0..<Self.count {
            let message = messages[number % messages.count]
            publisher.publish(topic: message.topic, body: message.body)
        }
        let rate = try drain.rate()
        await publisher.stop()
        return rate
    }
}

/// A subscriber in a process of its own that only counts.
struct DrainProcess {
    private let process = Process()
    private let output = Pipe()

    /// Ends after `count` messages, or when none comes for 5 s.
    init(_ endpoint: String, count: Int) throws {
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["drain", endpoint, "\(count)"]
        process.standardOutput = output
        try process.run()
    }

    /// Waits for the end; messages per second between the first and the last.
    func rate() throws -> Double {
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard let rate = Double(text) else {
            throw SpeechError(.connectionFailed, "Messages were lost on their way.", advice: "Is the machine out of memory?")
        }
        return rate
    }

    /// The life of such a process.
    static func run(_ endpoint: String, count: Int) throws {
        let socket = try SubSocket([endpoint])
        defer { socket.close() }
        var got = 0
        var first = 0.0
        while got < count, socket.receive(waitMS: got == 0 ? 10_000 : 5000, { _, _ in if got == 0 { first = now() } }) {
            got += 1
        }
        print(got == count ? "\(Double(count - 1) / (now() - first))" : "lost", terminator: "")
        fflush(nil)
    }
}
