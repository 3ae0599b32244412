import Foundation

/// Frame in → message at a ZeroMQ subscriber in another process, beside libzmq's own latency with messages of the same size.
///
/// The clock starts when the frame is sent whose last sample decided that an utterance is over. The event of that (`speech_stopped`)
/// has no recogniser on its way; of a final's time that of the recogniser, as the message itself gives it, is taken off: with it goes the
/// wait for the utterance before, whose number comes first.
struct FeedLatency {
    /// What RTAP's own manual gives for its pipeline on its own machine; not measured here.
    private static let peerMS = 2.34
    let speech: Speech
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("Frame in → message at a ZeroMQ subscriber in another process, all but the recogniser")
        var size = 0
        for (streams, stub) in [(1, false), (10, false), (16, false), (100, true)] {
            let measured = try await measure(streams: streams, stub: stub)
            size = max(size, measured.bytes)
            let label = "\(streams) stream\(streams == 1 ? "" : "s")\(stub ? ", stub recogniser" : "")"
            report.line("\(label): event speech_stopped", Quantiles(measured.events), unit: "ms", p95Limit: Self.peerMS)
            report.line("\(label): final", Quantiles(measured.finals), unit: "ms", p95Limit: Self.peerMS)
            report.note(measured.remark)
        }
        report.line("RTAP, as its manual says (its machine, not this one)", Self.peerMS, unit: "ms")
        for (name, values) in try LibzmqLatency(bytes: size, count: seconds * 100).run() {
            report.line("libzmq alone, \(name), \(size) bytes", Quantiles(values), unit: "ms")
        }
    }

    private struct Measured {
        var events: [Double] = []
        var finals: [Double] = []
        /// The mean size of a transcript.
        var bytes = 0
        var remark = ""
    }

    private func measure(streams: Int, stub: Bool) async throws -> Measured {
        let server = try await ServerProcess(stub: stub)
        defer { server.stop() }
        let subscriber = try SubscriberProcess(try await server.publishers())
        try await server.waitForSubscribers()
        let tracks = try (0..<min(streams, 16)).map { try speech.conversation(seconds: seconds, seed: $0) }
        let load = try Load(count: streams, port: server.port)
        let own = ProcessUse.ownSeconds
        let begun = now()
        load.run(audio: { tracks[$0 % tracks.count] }, ramp: 4)
        let generator = (ProcessUse.ownSeconds - own) / (now() - begun) * 100
        let messages = try subscriber.stop()
        load.close()

        var measured = Measured()
        let transcripts = messages.filter { $0.topic.hasPrefix("transcript.") }
        if !transcripts.isEmpty { measured.bytes = transcripts.reduce(0) { $0 + $1.body.count } / transcripts.count }
        var arrivals: [Place: Double] = [:]
        var recogniserMS: [Place: Double] = [:]
        for message in messages {
            let json = message.json
            guard let session = json["session_id"] as? String else { continue }
            if let number = json["sequence_number"] as? Int {
                arrivals[.final(session, number)] = message.at
                recogniserMS[.final(session, number)] = (json["stage_latencies"] as? [String: Any])?["stt"] as? Double
            } else if json["event_type"] as? String == "speech_stopped",
                let end = (json["metadata"] as? [String: Any])?["end_ms"] as? Int
            {
                arrivals[.stopped(session, end)] = message.at
            }
        }
        var missing = 0
        for final in load.finals {
            guard let decided = load.decidedMS(of: final) else { continue }
            let session = load.sessions[final.stream]
            let sent = load.sentAt(stream: final.stream, milliseconds: decided)
            let place = Place.final(session, final.sequence)
            if let at = arrivals[place], let recogniser = recogniserMS[place] {
                measured.finals.append((at - sent) * 1000 - recogniser)
            } else {
                missing += 1
            }
            if let at = arrivals[.stopped(session, Int(final.endMS))] {
                measured.events.append((at - sent) * 1000)
            } else {
                missing += 1
            }
        }
        measured.remark =
            "\(messages.count) messages, missing \(missing), errors \(load.errors.count), load generator \(number(generator)) % of a core"
        return measured
    }

    /// What a message is about.
    private enum Place: Hashable {
        case final(String, Int)
        case stopped(String, Int)
    }
}
