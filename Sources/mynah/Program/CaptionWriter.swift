import MynahClient
import SpeechModel
import WireProtocol

/// Writes the events of a live stream: captions that are redrawn on a terminal, a line for each final elsewhere, or JSON lines.
struct CaptionWriter {
    /// Whether every event is a line of JSON.
    let isJSON: Bool
    private var line = LiveLine(.output)

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Writes an event.
    mutating func write(_ event: StreamEvent) {
        if isJSON {
            Terminal.output.write(Self.json(event) + "\n")
        } else {
            writeText(event)
        }
    }

    private mutating func writeText(_ event: StreamEvent) {
        switch event {
        case .partial(let partial):
            let stable = partial.words.map(\.text).joined(separator: " ")
            let gap = stable.isEmpty || partial.unstableText.isEmpty ? "" : " "
            line.draw([(stable + gap, .grey), (partial.unstableText, .dimItalic)])
        case .final(let final, let delay):
            line.clear()
            let text = final.result.hypothesis.text.printable
            guard !text.isEmpty else { return }
            guard Terminal.output.isTerminal else { return Terminal.output.write(text + "\n") }
            let milliseconds = delay.map { "  \(Int(($0 / .milliseconds(1)).rounded())) ms" } ?? ""
            Terminal.output.write(text + Terminal.output.styled(milliseconds, .dim) + "\n")
        case .problem(let error): note("\(error)", .yellow)
        case .reconnecting(let attempt, let cause): note("\(cause.message) Attempt \(attempt) to reconnect …", .yellow)
        case .resumed: note("Connected again.", .dim)
        case .restarted: note("The server had forgotten the session; a new one goes on from what it had not finalised.", .yellow)
        case .ready: break
        case .ended, .failed: line.clear()
        }
    }

    /// Says something about the stream, which is no caption, on the standard error.
    mutating func note(_ text: String, _ style: Terminal.Style = .dim) {
        line.clear()
        Terminal.error.write(Terminal.error.styled(text.printable, style) + "\n")
    }

    /// An event as one line: the server's own messages where there is one, without the resume token.
    private static func json(_ event: StreamEvent) -> String {
        switch event {
        case .partial(let partial): return ServerStreamMessage.partial(partial).json
        case .final(let final, _): return ServerStreamMessage.final(final).json
        case .problem(let error), .failed(let error): return ServerStreamMessage.error(error).json
        case .resumed(let nextSample, let lastSequence):
            return ServerStreamMessage.resumed(nextSample: nextSample, lastSequence: lastSequence).json
        case .ended(let lastSequence): return ServerStreamMessage.ended(lastSequence: lastSequence).json
        case .ready(let ack):
            return object {
                $0.field("type", "ready")
                $0.field("audio_id", ack.audioID)
                $0.field("session_id", ack.sessionID.description)
            }
        case .reconnecting(let attempt, let cause):
            return object {
                $0.field("type", "reconnecting")
                $0.field("attempt", attempt)
                $0.field("code", cause.code.rawValue)
                $0.field("message", cause.description)
            }
        case .restarted(let firstSample):
            return object {
                $0.field("type", "restarted")
                $0.field("first_sample", firstSample)
            }
        }
    }

    private static func object(_ fields: (inout JSONText) -> Void) -> String {
        var json = JSONText()
        json.object(fields)
        return json.text
    }
}
