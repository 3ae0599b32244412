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
        var words: [(text: String, endMS: Double)] = []
    }

    /// What was heard of an utterance so far, stable or not.
    struct Partial {
        var stream: Int
        var at: Double
        var startMS: Double
        var words: [String]
    }

    private let streams: [RawStream]
    private(set) var finals: [Final] = []
    private(set) var partials: [Partial] = []
    private(set) var errors: [String] = []
    /// The sessions' names, by stream.
    private(set) var sessions: [String]
    /// When each stream's first sample was sent.
    private(set) var beganAt: [Double] = []
    /// When each frame was sent, by stream.
    private var sentAt: [[Double]]
    private let frameMS: Int
    private let keepsPartials: Bool

    /// Connects `count` clients, each of which begins a session.
    init(count: Int, port: Int, frameMS: Int = 20, keepsPartials: Bool = false) throws {
        self.frameMS = frameMS
        self.keepsPartials = keepsPartials
        streams = try (0..<count).map { _ in try RawStream(port: port) }
        sessions = [String](repeating: "", count: count)
        sentAt = [[Double]](repeating: [], count: count)
        for stream in streams { stream.send(text: #"{"type":"start","sample_rate":16000,"channels":1}"#) }
        let deadline = now() + 10
        while sessions.contains(""), now() < deadline { listen(until: now() + 0.1) }
    }

    /// Sends each stream its audio in real time, 16-bit PCM at 16 kHz, all beginning within `ramp` seconds, again and again up to
    /// `seconds` if they are given, then optionally `end`; afterwards listens for `linger` seconds or until all have ended. `onTurn` is
    /// called some fifty times a second.
    func run(
        audio: (_ stream: Int) -> [Int16], seconds: Double? = nil, ends: Bool = true, ramp: Double = 1, linger: Double = 3,
        onTurn: () -> Void = {}
    ) {
        let tracks = streams.indices.map { index in audio(index).withUnsafeBytes { Array($0) } }
        let lengths = tracks.map { track in track.isEmpty ? 0 : seconds.map { Int($0 * 1000) * 32 } ?? track.count }
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
            onTurn()
            for (index, stream) in streams.enumerated() where sent[index] < lengths[index] {
                while sent[index] < lengths[index] {
                    // A frame can be sent when its last sample has been spoken.
                    let place = sent[index] % tracks[index].count
                    let count = min(frameBytes, tracks[index].count - place, lengths[index] - sent[index])
                    let due = beganAt[index] + Double(sent[index] + count) / 32_000
                    guard due <= time else {
                        next = min(next, due)
                        break
                    }
                    tracks[index].withUnsafeBytes {
                        stream.send(binary: UnsafeRawBufferPointer(rebasing: $0[place..<place + count]))
                    }
                    sentAt[index].append(now())
                    sent[index] += count
                    if sent[index] == lengths[index] {
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
        guard keepsPartials || !message.starts(with: #"{"type":"partial""#.utf8),
            !message.starts(with: #"{"type":"finalised""#.utf8),
            let json = try? JSONSerialization.jsonObject(with: Data(message)) as? [String: Any]
        else { return }
        func number(_ key: String, _ object: [String: Any]) -> Double { (object[key] as? NSNumber)?.doubleValue ?? .nan }
        switch json["type"] as? String {
        case "ack": sessions[stream] = json["session_id"] as? String ?? ""
        case "partial":
            let text = "\(json["text"] as? String ?? "") \(json["unstable_text"] as? String ?? "")"
            partials.append(
                Partial(
                    stream: stream, at: at, startMS: number("start_ms", json), words: text.split(separator: " ").map(String.init))
            )
        case "final":
            let latency = json["latency"] as? [String: Any] ?? [:]
            finals.append(
                Final(
                    stream: stream, at: at, sequence: Int(number("sequence", json)), startMS: number("start_ms", json),
                    endMS: number("end_ms", json), endpointWaitMS: number("endpoint_wait_ms", latency),
                    ingestMS: number("ingest_ms", latency), recogniserMS: number("recogniser_ms", latency),
                    text: json["text"] as? String ?? "",
                    words: (json["words"] as? [[String: Any]] ?? []).map { ($0["word"] as? String ?? "", number("end_ms", $0)) }))
        case "error": errors.append("\(json["code"] ?? ""): \(json["message"] ?? "")")
        default: break
        }
    }

    /// Where in the stream's audio it was decided that the utterance of a final is over, in ms. Utterances that were cut at the limit or
    /// by the end of the stream have no such place.
    func decidedMS(of final: Final) -> Double? {
        // An utterance's end is 200 ms behind its last speech.
        final.endpointWaitMS < 400 ? nil : final.endMS - 200 + final.endpointWaitMS
    }

    /// Milliseconds from when the sample that decided the endpoint was spoken, to the final: everything but the endpoint wait.
    func delay(of final: Final) -> Double? {
        decidedMS(of: final).map { (final.at - beganAt[final.stream]) * 1000 - $0 }
    }

    /// When the frame was sent that holds the last sample before this place in a stream's audio.
    func sentAt(stream: Int, milliseconds: Double) -> Double {
        let frame = Int((milliseconds / Double(frameMS)).rounded(.up)) - 1
        return sentAt[stream][min(max(0, frame), sentAt[stream].count - 1)]
    }
}
