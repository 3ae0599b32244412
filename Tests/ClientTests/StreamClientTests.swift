import HTTPEdge
import MynahClient
import SpeechModel
import Synchronization
import Testing
import WireProtocol

@Suite("The live stream's client", .timeLimit(.minutes(1)))
struct StreamClientTests {
    /// What a script received, in order.
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private static let ack = ServerStreamMessage.ack(
        StreamAck(audioID: "rec_1", sessionID: SessionID("ses_1"), resumeToken: Sensitive("secret")))

    private static func final(_ sequence: Int, endMS: Int = 3) -> ServerStreamMessage {
        .final(
            StreamFinal(
                audioID: "rec_1",
                FinalResult(
                    sequence: sequence,
                    hypothesis: Hypothesis(words: [Word("w\(sequence)", startMS: 0, endMS: endMS, confidence: 1)]),
                    startMS: 0, endMS: endMS, latency: FinalLatency())))
    }

    private static func isStart(_ text: String) -> Bool { text.hasPrefix(#"{"type":"start""#) }
    private static let end = #"{"type":"end"}"#

    private func client(_ server: ScriptedServer, _ change: (inout StreamClient.Configuration) throws -> Void = { _ in }) throws
        -> StreamClient
    {
        var configuration = StreamClient.Configuration(urls: [try ServerURL("ws://127.0.0.1:\(server.port)/stream")])
        try change(&configuration)
        return StreamClient(configuration, sleep: { _ in })
    }

    /// The events' names, up to the end.
    private func names(_ client: StreamClient) async -> [String] {
        var names: [String] = []
        for await event in client.events {
            switch event {
            case .ready: names.append("ready")
            case .partial(let partial): names.append("partial \(partial.unstableText)")
            case .final(let final, let delay): names.append("final \(final.result.sequence)\(delay == nil ? " untimed" : "")")
            case .problem(let error): names.append("problem \(error.code.rawValue)")
            case .reconnecting(let attempt, _): names.append("reconnecting \(attempt)")
            case .resumed(let next, let last): names.append("resumed \(next) \(last)")
            case .restarted(let first): names.append("restarted \(first)")
            case .ended(let last): names.append("ended \(last)")
            case .failed(let error): names.append("failed \(error.code.rawValue)")
            }
        }
        return names
    }

    @Test func audioGoesOutAndResultsComeBack() async throws {
        let log = Log()
        try await ScriptedServer.run([
            { received, connection in
                log.add(received)
                if Self.isStart(received) {
                    connection.send(text: Self.ack.json)
                } else if received == Self.end {
                    let partial = PartialResult(
                        stable: [], unstable: [Word("w", startMS: 0, endMS: 1, confidence: 0)], startMS: 0, endMS: 1)
                    connection.send(text: ServerStreamMessage.partial(StreamPartial(audioID: "rec_1", index: 0, partial)).json)
                    connection.send(text: Self.final(1).json)
                    connection.send(text: Self.final(2, endMS: 60_000).json)
                    connection.send(text: ServerStreamMessage.ended(lastSequence: 2).json)
                    connection.close()
                }
            }
        ]) { server in
            let client = try client(server) { $0.language = "en" }
            await client.send([UInt8](repeating: 0, count: 320))
            await client.end()
            let events = await names(client)
            #expect(events == ["ready", "partial w", "final 1", "final 2 untimed", "ended 2"])
            #expect(
                log.all == [
                    "opened", #"{"type":"start","sample_rate":16000,"channels":1,"encoding":"pcm_s16le","language":"en"}"#,
                    "320 bytes",
                    Self.end,
                ])
            // After the end nothing waits and nothing happens.
            await client.send([UInt8](repeating: 0, count: 10_000_000))
            #expect(await names(client).isEmpty)
        }
    }

    @Test func aCutConnectionIsResumedWhereTheServerSays() async throws {
        let log = Log()
        try await ScriptedServer.run([
            { received, connection in
                if Self.isStart(received) { connection.send(text: Self.ack.json) }
                if received == "200 bytes" {
                    connection.send(text: Self.final(1).json)
                    connection.send(text: ServerStreamMessage.finalised(throughSample: 40).json)
                    connection.close(code: 1012, reason: "restarting")
                }
            },
            { received, connection in
                log.add(received)
                if Self.isStart(received) {
                    connection.send(text: ServerStreamMessage.resumed(nextSample: 60, lastSequence: 2).json)
                    connection.send(text: Self.final(1).json)  // a repeat, as after a takeover
                    connection.send(text: Self.final(2).json)
                } else if received == Self.end {
                    connection.send(text: ServerStreamMessage.ended(lastSequence: 2).json)
                }
            },
        ]) { server in
            let client = try client(server)
            await client.send([UInt8](repeating: 0, count: 200))
            await client.end()
            let events = await names(client)
            #expect(events == ["ready", "final 1", "reconnecting 1", "resumed 60 2", "final 2", "ended 2"])
            #expect(
                log.all == [
                    "opened", #"{"type":"start","session_id":"ses_1","resume_token":"secret","last_sequence":1}"#,
                    #"{"type":"position","sample":60}"#, "80 bytes", Self.end,
                ])
        }
    }

    @Test func aForgottenSessionBeginsAnewWithTheKeptAudio() async throws {
        let log = Log()
        try await ScriptedServer.run([
            { received, connection in
                if Self.isStart(received) { connection.send(text: Self.ack.json) }
                if received == "200 bytes" {
                    connection.send(text: Self.final(1).json)
                    connection.send(text: ServerStreamMessage.finalised(throughSample: 40).json)
                    connection.close(code: 1001)
                }
            },
            { received, connection in
                guard Self.isStart(received) else { return }
                connection.send(text: ServerStreamMessage.error(code: "session-unknown", message: "Gone.").json)
            },
            { received, connection in
                log.add(received)
                if Self.isStart(received) { connection.send(text: Self.ack.json) }
                if received == Self.end {
                    connection.send(text: Self.final(1).json)
                    connection.send(text: ServerStreamMessage.ended(lastSequence: 1).json)
                }
            },
        ]) { server in
            let client = try client(server)
            await client.send([UInt8](repeating: 0, count: 200))
            await client.end()
            let events = await names(client)
            #expect(events == ["ready", "final 1", "reconnecting 1", "restarted 40", "ready", "final 1", "ended 1"])
            #expect(log.all.last == Self.end)
            #expect(log.all.contains("120 bytes"))
        }
    }

    @Test(arguments: [
        ("unsupported-audio", 1000, ["ready", "problem unsupported-audio", "failed unsupported-audio"]),
        ("session-replaced", 1000, ["ready", "problem session-replaced", "failed session-replaced"]),
        ("a-code-of-tomorrow", 1011, ["ready", "problem internal-error", "failed internal-error"]),
    ])
    func anErrorThatCannotPassEndsTheStream(_ code: String, _ close: Int, _ expected: [String]) async throws {
        try await ScriptedServer.run([
            { received, connection in
                guard Self.isStart(received) else { return }
                connection.send(text: Self.ack.json)
                connection.send(text: ServerStreamMessage.error(code: code, message: "No.").json)
                connection.close(code: close)
            }
        ]) { server in
            let client = try client(server)
            let events = await names(client)
            #expect(events == expected)
        }
    }

    @Test func anErrorThatDoesNotEndTheSessionIsOnlyTold() async throws {
        try await ScriptedServer.run([
            { received, connection in
                if Self.isStart(received) {
                    connection.send(text: Self.ack.json)
                    connection.send(text: ServerStreamMessage.error(code: "recogniser-failed", message: "Twice.").json)
                } else if received == Self.end {
                    connection.send(text: ServerStreamMessage.ended(lastSequence: 0).json)
                }
            }
        ]) { server in
            let client = try client(server)
            await client.end()
            let events = await names(client)
            #expect(events == ["ready", "problem recogniser-failed", "ended 0"])
        }
    }

    @Test(arguments: [
        (#"{"type":"novelty"}"#, "failed malformed-message"), ("not JSON", "failed malformed-message"),
        (#"{"type":"resumed","next_sample":-1,"last_sequence":0}"#, "failed resume-gap"),
    ])
    func aServerThatSpeaksOtherwiseEndsTheStream(_ message: String, _ expected: String) async throws {
        try await ScriptedServer.run([{ received, connection in if Self.isStart(received) { connection.send(text: message) } }]) {
            server in
            let client = try client(server)
            let events = await names(client)
            #expect(events == [expected])
        }
    }

    @Test func aServerThatAlwaysDropsUsIsGivenUpInTheEnd() async throws {
        try await ScriptedServer.run([{ received, connection in if Self.isStart(received) { connection.close(code: 1013) } }]) {
            server in
            let client = try client(server) { $0.maxAttempts = 3 }
            let events = await names(client)
            #expect(events == ["reconnecting 1", "reconnecting 2", "reconnecting 3", "failed connection-failed"])
        }
    }

    @Test func aFirstConnectionThatFailsIsNotRepeated() async throws {
        let client = StreamClient(.init(urls: [try ServerURL("ws://nowhere.invalid/")]), sleep: { _ in })
        let events = await names(client)
        #expect(events == ["failed connection-failed"])
    }

    @Test func theOtherServerIsAskedWhenTheFirstDoesNotAnswerOrIsTheStandby() async throws {
        try await ScriptedServer.run([
            // What stands for a standby, which becomes the primary.
            { received, connection in
                guard Self.isStart(received) else { return }
                connection.send(
                    text: ServerStreamMessage.error(SpeechError(.notPrimary, "Standby.", advice: "Go to the other.")).json)
                connection.close(code: 1013, reason: "not-primary")
            },
            { received, connection in
                if Self.isStart(received) { connection.send(text: Self.ack.json) }
                if received == Self.end { connection.send(text: ServerStreamMessage.ended(lastSequence: 0).json) }
            },
        ]) { server in
            let client = try client(server) { $0.urls.insert(try ServerURL("ws://nowhere.invalid/"), at: 0) }
            await client.end()
            let events = await names(client)
            #expect(events == ["reconnecting 1", "reconnecting 2", "reconnecting 3", "ready", "ended 0"])
        }
    }

    @Test func aServerThatStaysAwayIsGivenUp() async throws {
        let box = Mutex<StreamClient?>(nil)
        try await ScriptedServer.run([
            { received, connection in if Self.isStart(received) { connection.send(text: Self.ack.json) } }
        ]) { server in
            let client = try client(server) { $0.maxAttempts = 2 }
            var events = client.events.makeAsyncIterator()
            guard case .ready = await events.next() else { return #expect(Bool(false)) }
            box.withLock { $0 = client }
        }
        let orphan = try #require(box.withLock { $0 })
        let events = await names(orphan)
        #expect(events == ["reconnecting 1", "reconnecting 2", "failed connection-failed"])
    }

    @Test func sendingWaitsWhenTooMuchIsKept() async throws {
        try await ScriptedServer.run([
            { received, connection in
                if Self.isStart(received) { connection.send(text: Self.ack.json) }
                if received.hasSuffix("bytes") {
                    connection.send(text: ServerStreamMessage.finalised(throughSample: 20_000).json)
                }
            }
        ]) { server in
            let client = try client(server) { $0.maxKeptSeconds = 1 }
            // One second is 32,000 bytes: this waits until the server, which the events connect to, finalises some of it.
            async let sent: Void = client.send([UInt8](repeating: 0, count: 40_000))
            async let all = names(client)
            await sent
            await client.cancel()
            #expect(await all == ["ready"])
        }
    }

    @Test func cancellingTheReaderEndsTheEvents() async throws {
        try await ScriptedServer.run([
            { received, connection in if Self.isStart(received) { connection.send(text: Self.ack.json) } }
        ]) { server in
            let client = try client(server)
            var events = client.events.makeAsyncIterator()
            guard case .ready = await events.next() else { return #expect(Bool(false)) }
            let reader = Task { await names(client) }
            reader.cancel()
            #expect(await reader.value.isEmpty)
        }
    }
}
