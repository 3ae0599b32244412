import Foundation
import SpeechModel

/// Live streams of many clients, driven by one thread with little processor time of its own: it competes with the server for it.
final class Load {
    /// A final result as a client saw it.
    struct Final {
        var stream: Int
        var at: Double
        var sequence: Int
        var startMS: Double
        var endMS: Double
        var endpointWaitMS: Double
        var ingestMS: Double
        var recogniserMS: Double
        var text: String
    }

    private let streams: [RawStream]
    private(set) var finals: [Final] = []
    private(set) var errors: [String] = []
    /// When each stream's first sample was sent.
    private(set) var beganAt: [Double] = []
    private let frameMS: Int

    /// Connects `count` clients; with `format`, each begins a session.
    init(count: Int, port: Int, begins: Bool = true, frameMS: Int = 20) throws {
        self.frameMS = frameMS
        streams = try (0..<count).map { _ in try RawStream(port: port) }
        if begins { for stream in streams { stream.send(text: #"{"type":"start","sample_rate":16000,"channels":1}"#) } }
    }

    /// Sends each stream its audio in real time, 16-bit PCM at 16 kHz, all beginning within `ramp` seconds, then optionally `end`;
    /// afterwards listens for `linger` seconds or until all have ended.
    func run(audio: (_ stream: Int) -> [Int16], ends: Bool = true, ramp: Double = 1, linger: Double = 3) {
        let tracks = streams.indices.map { index in audio(index).withUnsafeBytes { Array($0) } }
        let frameBytes = 32 * frameMS
        let start = now() + 0.05
        var random = Random(seed: 1)
        // At odd moments, as people do: equal distances would fall together in the windows of the detector.
        beganAt = streams.indices.map {
            start + Double($0) / Double(streams.count) * ramp + Double.random(in: 0..<0.032, using: &random)
        }
        var sent = [Int](repeating: 0, count: streams.count)
        var open = tracks.count { !$0.isEmpty }
        var quietSince = open == 0 ? now() : Double.infinity
        while true {
            let time = now()
            var next = time + 0.02
            for (index, stream) in streams.enumerated() where sent[index] < tracks[index].count {
                while sent[index] < tracks[index].count {
                    // A frame can be sent when its last sample has been spoken.
                    let end = min(tracks[index].count, sent[index] + frameBytes)
                    let due = beganAt[index] + Double(end) / 32_000
                    guard due <= time else {
                        next = min(next, due)
                        break
                    }
                    tracks[index].withUnsafeBytes { stream.send(binary: UnsafeRawBufferPointer(rebasing: $0[sent[index]..<end])) }
                    sent[index] = end
                    if end == tracks[index].count {
                        open -= 1
                        if ends { stream.send(text: #"{"type":"end"}"#) }
                        if open == 0 { quietSince = now() }
                    }
                }
            }
            listen(until: next)
            if open == 0, streams.allSatisfy(\.isClosed) || now() - quietSince > linger { return }
        }
    }

    func close() { for stream in streams { stream.close() } }

    private func listen(until deadline: Double) {
        var descriptors = streams.map { pollfd(fd: $0.isClosed ? -1 : $0.socket, events: Int16(POLLIN), revents: 0) }
        repeat {
            let wait = max(0, Int32(((deadline - now()) * 1000).rounded(.up)))
            guard poll(&descriptors, nfds_t(descriptors.count), wait) > 0 else { return }
            for index in descriptors.indices where descriptors[index].revents != 0 {
                let stream = streams[index]
                stream.receive { message in take(message, of: index) }
                if stream.isClosed { descriptors[index].fd = -1 }
            }
        } while now() < deadline
    }

    private func take(_ message: [UInt8], of stream: Int) {
        let at = now()
        guard !message.starts(with: #"{"type":"partial""#.utf8), !message.starts(with: #"{"type":"finalised""#.utf8),
            let json = try? JSONSerialization.jsonObject(with: Data(message)) as? [String: Any]
        else { return }
        switch json["type"] as? String {
        case "final":
            func number(_ key: String, _ object: [String: Any]) -> Double { (object[key] as? NSNumber)?.doubleValue ?? .nan }
            let latency = json["latency"] as? [String: Any] ?? [:]
            finals.append(
                Final(
                    stream: stream, at: at, sequence: Int(number("sequence", json)), startMS: number("start_ms", json),
                    endMS: number("end_ms", json), endpointWaitMS: number("endpoint_wait_ms", latency),
                    ingestMS: number("ingest_ms", latency), recogniserMS: number("recogniser_ms", latency),
                    text: json["text"] as? String ?? ""))
        case "error": errors.append("\(json["code"] ?? ""): \(json["message"] ?? "")")
        default: break
        }
    }

    /// Milliseconds from when the sample that decided the endpoint was sent, to the final: everything but the endpoint wait.
    /// Utterances that were cut at the limit or by the end of the stream have no such sample and are left out.
    func delay(of final: Final, tailMS: Double = 200) -> Double? {
        guard final.endpointWaitMS >= 400 else { return nil }
        let decided = final.endMS - tailMS + final.endpointWaitMS
        return (final.at - beganAt[final.stream]) * 1000 - decided
    }
}
