import Foundation
import MynahClient
import SpeechModel
import WireProtocol

/// Somebody who speaks in real time through this project's own client library, and goes on at the next server when one is gone.
enum SpeakingClient {
    struct Final: Hashable, Sendable {
        var sequence: Int
        var text: String
        var startMS: Int
        var endMS: Int
    }

    struct Heard: Sendable {
        var session = ""
        var finals: [Final] = []
        /// When a session went on at a server, in seconds of ``now()``.
        var resumedAt: [Double] = []
        /// Times that the session was unknown and began anew.
        var restarts = 0
        /// What the server said it could not do, because the machine was too busy or for another reason.
        var problems: [String] = []
        /// Why it did not end well.
        var failure: String?

        /// Finals that begin before the one before them ends: audio that came under two numbers.
        var sharedAudio: Int { zip(finals, finals.dropFirst()).count { $1.startMS < $0.endMS } }
    }

    /// As long a frame as a microphone's.
    private static let frameMS = 20
    /// How long the answers may take after the last word was spoken, in seconds.
    private static let patience = 40.0

    /// Speaks 16-bit PCM at 16 kHz, from `begin` in seconds of ``now()``, and listens until everything was answered.
    static func speak(
        _ track: [Int16], to urls: [ServerURL], token: Sensitive<String>?, from begin: Double
    ) async -> Heard {
        var configuration = StreamClient.Configuration(urls: urls, token: token)
        configuration.language = "en"
        let client = StreamClient(configuration)
        return await withTaskGroup(of: Heard?.self) { group in
            group.addTask { await listen(to: client) }
            group.addTask {
                await send(track, through: client, from: begin)
                try? await Task.sleep(for: .seconds(patience))
                if !Task.isCancelled { await client.cancel() }
                return nil
            }
            var heard = Heard()
            while let result = await group.next() {
                guard let result else { continue }
                heard = result
                group.cancelAll()
            }
            return heard
        }
    }

    private static func send(_ track: [Int16], through client: StreamClient, from begin: Double) async {
        let samples = SampleTime.rate * frameMS / 1000
        for start in stride(from: 0, to: track.count, by: samples) {
            let end = min(start + samples, track.count)
            // A frame can be sent when its last sample has been spoken.
            let due = begin + Double(end) / Double(SampleTime.rate)
            if due > now() { try? await Task.sleep(for: .seconds(due - now())) }
            guard !Task.isCancelled else { return }
            await client.send(track[start..<end].withUnsafeBytes { Array($0) })
        }
        await client.end()
    }

    private static func listen(to client: StreamClient) async -> Heard {
        var heard = Heard()
        var isOver = false
        for await event in client.events {
            switch event {
            case .ready(let ack): heard.session = ack.sessionID.description
            case .final(let final, _):
                let result = final.result
                heard.finals.append(
                    Final(
                        sequence: result.sequence, text: result.hypothesis.text, startMS: result.startMS, endMS: result.endMS))
            case .resumed: heard.resumedAt.append(now())
            case .restarted: heard.restarts += 1
            case .ended: isOver = true
            case .failed(let error): heard.failure = "\(error)"
            case .problem(let error): heard.problems.append(error.code.rawValue)
            case .partial, .reconnecting: break
            }
        }
        if !isOver, heard.failure == nil { heard.failure = "no answer to the end" }
        return heard
    }
}
