import Foundation
import SpeechModel

/// A thousand subscribers of `/stream`, without and with one that does not read.
///
/// A stub recogniser makes a final of each second of speech on many streams. Most subscribers follow one session, nine everything; the
/// one that does not read asked for everything, too.
struct Subscribers {
    private static let followers = 990
    private static let streams = 60
    /// The kernel keeps some tens of finals, and the server a thousand, before the one that does not read is cut off.
    private static let finalsUntilRead = 1150
    /// So many finals come at less than a second each per stream.
    private static let secondsUntilCut = 35
    let speech: Speech
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("1000 subscribers of /stream, \(Self.streams) streams, stub recogniser")
        let tracks = try (0..<16).map { try speech.conversation(seconds: 20, seed: $0) }
        for hasSlowOne in [false, true] {
            let label = hasSlowOne ? "one of them does not read" : "all read"
            let server = try await ServerProcess(stub: true, environment: ["MYNAH_ENDPOINTING_MAXIMUM_UTTERANCE_MS": "1000"])
            defer { server.stop() }
            let load = try Load(count: Self.streams, port: server.port)
            let empty = ProcessUse.memory(server.id)
            let queries = (0..<1000).map { $0 < Self.followers ? "?session=\(load.sessions[$0 % 4])" : "" }
            let crowd = try Crowd(port: server.port, queries: hasSlowOne ? Array(queries.dropLast()) : queries)
            let slow = hasSlowOne ? LateReader(try RawStream(port: server.port, path: "/stream", isNarrow: true)) : nil
            let connected = ProcessUse.memory(server.id)
            crowd.start()
            let own = ProcessUse.ownSeconds
            let used = ProcessUse.processorSeconds(server.id)
            let begun = now()
            let length = hasSlowOne ? max(seconds, Self.secondsUntilCut) : seconds
            load.run(audio: { tracks[$0 % tracks.count] }, seconds: Double(length), ramp: 4, linger: 5) {
                // Some seconds after it was cut off, of which the server waits five for it to read why.
                if load.finals.count > Self.finalsUntilRead { slow?.read() }
            }
            let wall = now() - begun
            let serverShare = (ProcessUse.processorSeconds(server.id) - used) / wall * 100
            let generatorShare = (ProcessUse.ownSeconds - own) / wall * 100
            let left = (try await server.statistics("feed"))["subscribers"] as? Int ?? 0
            crowd.stop()

            report.line("\(label): delay of the others' messages", Quantiles(crowd.delays), unit: "ms", p95Limit: 150)
            report.line("\(label): finals that others missed", Double(missed(crowd, queries, load)), unit: "finals", atMost: 0)
            report.line("\(label): others that were cut off", Double(crowd.cutOff), unit: "", atMost: 0)
            report.note(
                "\(crowd.messages) messages in \(number(wall)) s, \(load.finals.count) finals; server \(number(serverShare)) % of a core, "
                    + "load generator \(number(generatorShare)) %, "
                    + "\(number((connected - empty) / 1000 / 1024)) KB of memory for each subscriber, server \(number(ProcessUse.memory(server.id) / 1_048_576)) MB "
                    + "with its streams")
            if let slow { try recover(slow, left: left, port: server.port, load, &report) }
            load.close()
        }
    }

    /// Finals that a reader should have got and did not.
    private func missed(_ crowd: Crowd, _ queries: [String], _ load: Load) -> Int {
        let all = Dictionary(grouping: load.finals, by: { load.sessions[$0.stream] }).mapValues { Set($0.map(\.sequence)) }
        return zip(queries, crowd.finals).reduce(0) { missing, reader in
            let got = Dictionary(grouping: reader.1, by: \.session).mapValues { Set($0.map(\.sequence)) }
            let wanted = reader.0.isEmpty ? all : all.filter { reader.0 == "?session=\($0.key)" }
            return missing + wanted.reduce(0) { $0 + $1.value.subtracting(got[$1.key] ?? []).count }
        }
    }

    /// What became of the one that did not read, and whether it gets everything when it comes back.
    private func recover(_ slow: LateReader, left: Int, port: Int, _ load: Load, _ report: inout Report) throws {
        slow.readAll()
        let again = LateReader(try RawStream(port: port, path: "/stream?from_sequence=1"))
        again.readAll()
        let wanted = Set(load.finals.map { Crowd.Number(session: load.sessions[$0.stream], sequence: $0.sequence) })
        let missing = wanted.subtracting(slow.finals).subtracting(again.finals)
        report.line("the one that did not read: still subscribed", Double(max(0, left - 999)), unit: "", atMost: 0)
        report.line(
            "the one that did not read: finals missing after it came back", Double(missing.count), unit: "finals", atMost: 0)
        report.note(
            "it had \(slow.finals.count) of \(wanted.count) finals and was cut off \(slow.isTold ? "with slow-reader" : "without a word")"
        )
    }
}

/// A reader of `/stream` that begins to read late.
private final class LateReader {
    private let stream: RawStream
    private(set) var finals: Set<Crowd.Number> = []
    /// Whether the server said why it cuts it off.
    private(set) var isTold = false

    init(_ stream: RawStream) { self.stream = stream }

    /// Reads what is there.
    func read() {
        guard !stream.isClosed else { return }
        stream.receive { message in
            if let number = StreamMessage.number(message) { finals.insert(number) }
            if message.starts(with: #"{"message_type":"error""#.utf8) {
                isTold = isTold || String(decoding: message, as: UTF8.self).contains("slow-reader")
            }
        }
    }

    /// Reads up to two quiet seconds or the end, and closes.
    func readAll() {
        var descriptor = pollfd(fd: stream.socket, events: Int16(POLLIN), revents: 0)
        while !stream.isClosed, poll(&descriptor, 1, 2000) > 0 { read() }
        stream.close()
    }
}
