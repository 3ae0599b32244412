import Logging

extension LogRecord {
    /// The record as one line for people.
    func textLine(colour: Bool) -> String {
        let name = level.rawValue.uppercased()
        let padded = name + String(repeating: " ", count: max(0, 7 - name.count))
        let shown = fields.map { " \($0.key.visible)=\($0.value.text)" }.joined()
        if !colour { return "\(time.clock) \(padded) \(component.visible): \(message.visible)\(shown)\n" }
        let dim = "\u{1B}[2m"
        let end = "\u{1B}[0m"
        return "\(dim)\(time.clock)\(end) \(level.colour)\(padded)\(end) \(dim)\(component.visible):\(end) \(message.visible)"
            + "\(dim)\(shown)\(end)\n"
    }
}

extension Logger.Level {
    fileprivate var colour: String {
        switch self {
        case .trace, .debug: "\u{1B}[2m"
        case .info, .notice: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error, .critical: "\u{1B}[31m"
        }
    }
}

extension LogRecord.Value {
    /// Texts without spaces stand as they are, everything else as JSON.
    fileprivate var text: String {
        if case .text(let text) = self, !text.isEmpty, !text.contains(where: { $0.isWhitespace || $0 == "\"" }) {
            return text.visible
        }
        return json
    }
}

extension String {
    /// The text with control and direction characters written as `\u{1B}`.
    fileprivate var visible: String {
        unicodeScalars.reduce(into: "") { result, scalar in
            if scalar.isUnsafeInLogs {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }
}
