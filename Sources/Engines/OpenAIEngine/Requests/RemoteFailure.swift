import Foundation
import SpeechModel

/// Why a request was not answered.
enum RemoteFailure: Error {
    /// The provider said so, with a status and perhaps a word and a wish when to come again.
    case refused(status: Int, code: String?, retryAfterMS: Int?)
    /// It took longer than it may.
    case late
    /// No connection, or it broke.
    case unreachable(any Error)
    /// The answer cannot be read.
    case unreadable
    /// Too many requests are under way, and others wait already or this one has waited for too long.
    case crowded
    /// Nobody wants the answer any more.
    case cancelled

    /// What it is called in `mynah_remote_requests_total`.
    var outcome: String {
        switch self {
        case .refused(429, _, _): "rate_limited"
        case .refused(500..., _, _): "server_error"
        case .refused: "refused"
        case .late: "timeout"
        case .unreachable: "unreachable"
        case .unreadable: "unreadable"
        case .crowded: "crowded"
        case .cancelled: "cancelled"
        }
    }

    /// Whether the same request may be answered in a moment.
    var isPassing: Bool {
        switch self {
        // An account without credit is told with 429, too.
        case .refused(429, let code, _): code != "insufficient_quota"
        case .refused(let status, _, _): status == 408 || status >= 500
        case .unreachable: true
        case .late, .unreadable, .crowded, .cancelled: false
        }
    }

    /// When the provider wants to be asked again.
    var retryAfterMS: Int? { if case .refused(_, _, let ms) = self { ms } else { nil } }

    /// As it is told. What the provider wrote is left out, but for a code word: it may repeat the key, or what was said.
    func explained(_ provider: RemoteProvider, code: ErrorCode) -> SpeechError {
        let (name, section) = (provider.name, provider.section)
        switch self {
        case .refused(let status, _, _) where status == 401 || status == 403:
            return SpeechError(
                code, "\(name) refuses the key (\(status)).",
                advice: "Give a valid one with \(section).api_key_file or \(section).api_key.")
        case .refused(404, let word, _):
            return SpeechError(
                code, "\(name) has no such address or no model \(provider.model) (404\(word.map { ", \($0)" } ?? "")).",
                advice: "Check \(section).base_url and \(section).model.")
        case .refused(429, "insufficient_quota", _):
            return SpeechError(
                code, "The account at \(name) has no credit left (429).", advice: "Top it up, or choose another provider.")
        case .refused(429, _, _):
            return SpeechError(
                code, "\(name) takes no more requests at the moment (429).",
                advice: "Wait, or ask the provider for a higher limit.")
        case .refused(let status, let word, _):
            return SpeechError(
                code, "\(name) refuses the request (\(status)\(word.map { ", \($0)" } ?? "")).",
                advice: status >= 500
                    ? "Wait; the provider has a fault." : "Check \(section).model and the other settings of \(section).")
        case .late:
            return SpeechError(
                code, "\(name) did not answer within \(provider.timeoutMS) ms.",
                advice: "Raise \(section).timeout_ms, or choose a faster model or provider.")
        case .unreachable(let error):
            return SpeechError(
                code, "\(name) cannot be reached, or closed the connection.",
                advice: "Check \(section).base_url and the network.", underlying: error)
        case .unreadable:
            return SpeechError(
                code, "\(name) answered with something else than was asked for.",
                advice: "Check that \(section).base_url names a server with OpenAI's interface.")
        case .crowded:
            return SpeechError(
                .overloaded, "So many requests to \(name) are under way that this one found no place in time.",
                advice: "Repeat it in a moment; the operator can allow more at once.")
        case .cancelled:
            return SpeechError(.shuttingDown, "The request to \(name) was given up.", advice: "Repeat it.")
        }
    }
}

extension RemoteFailure {
    /// Reads what a provider refuses with: OpenAI's `{"error":{"code":…}}`, or a problem of RFC 9457 with a `code`.
    static func reading(status: Int, retryAfterMS: Int?, body: [UInt8]) -> RemoteFailure {
        struct Problem: Decodable {
            struct Fault: Decodable { var code: String? }
            var error: Fault?
            var code: String?
        }
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(body))
        let code = (problem?.error?.code ?? problem?.code).flatMap { word in
            let isWord = (1...64).contains(word.utf8.count) && word.utf8.allSatisfy { isLetter($0) || $0 == 0x5F || $0 == 0x2D }
            return isWord ? word : nil
        }
        return .refused(status: status, code: code, retryAfterMS: retryAfterMS)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
