import Logging

/// Keeps secrets and speech out of logs by the names of metadata keys, and bounds what is left.
///
/// It is the second line: values that must not be logged travel as `Sensitive` and print as `‹redacted›` by themselves.
struct Redaction: Sendable {
    /// Whether recognised text may be logged (`log.transcripts`).
    var allowsTranscripts: Bool

    /// What stands in the place of a redacted value.
    static let mark = "‹redacted›"
    /// The longest message, and the longest value of a field, in bytes of UTF-8.
    static let messageLimit = 4096
    static let valueLimit = 1024
    /// The most elements that a list or dictionary shows, and how deep they may nest.
    static let elementLimit = 32
    static let depthLimit = 4

    private static let secretWords: Set<String> = [
        "authorization", "authorisation", "bearer", "cookie", "credential", "credentials", "jwt", "passphrase", "passwd",
        "password",
        "secret", "secrets", "token",
    ]
    private static let secretPhrases = ["api_key", "apikey", "private_key", "resume_token", "access_key"]
    private static let speechWords: Set<String> = ["hypothesis", "text", "transcript", "transcripts", "words"]

    /// Whether the value under `key` must not be shown. `token`, `resumeToken` and `X-Api-Key` are secret, `context_tokens` is not.
    func hides(_ key: String) -> Bool {
        let words = Self.words(of: key)
        if words.contains(where: Self.secretWords.contains) { return true }
        let phrase = words.joined(separator: "_")
        if Self.secretPhrases.contains(where: phrase.contains) { return true }
        return !allowsTranscripts && words.contains(where: Self.speechWords.contains)
    }

    /// The value of a metadata field as it may be shown.
    func value(_ value: Logger.Metadata.Value, under key: String, depth: Int = 0) -> LogRecord.Value {
        if hides(key) { return .text(Self.mark) }
        switch value {
        case .string(let text): return .text(bounded(text, to: Self.valueLimit))
        case .stringConvertible(let value as Int): return .integer(value)
        case .stringConvertible(let value as Bool): return .boolean(value)
        case .stringConvertible(let value as Double) where value.isFinite: return .number(value)
        case .stringConvertible(let value): return .text(bounded(String(describing: value), to: Self.valueLimit))
        case .array where depth == Self.depthLimit, .dictionary where depth == Self.depthLimit: return .text("…")
        case .array(let values):
            // The elements have no keys of their own; the list's key has been judged above.
            return .list(values.prefix(Self.elementLimit).map { self.value($0, under: "", depth: depth + 1) })
        case .dictionary(let metadata): return .object(fields(metadata, depth: depth + 1))
        }
    }

    /// The fields of a metadata dictionary as they may be shown, sorted by key.
    func fields(_ metadata: Logger.Metadata, depth: Int = 0) -> [(key: String, value: LogRecord.Value)] {
        metadata.sorted { $0.key < $1.key }.prefix(Self.elementLimit).map {
            (bounded($0.key, to: 64), value($0.value, under: $0.key, depth: depth))
        }
    }

    /// Lower-case words of a key in snake_case, kebab-case, dotted or camelCase.
    private static func words(of key: String) -> [String] {
        var words: [String] = [""]
        var previousIsLower = false
        for character in key {
            if !character.isLetter && !character.isNumber {
                words.append("")
            } else {
                if character.isUppercase && previousIsLower { words.append("") }
                words[words.count - 1] += character.lowercased()
            }
            previousIsLower = character.isLowercase
        }
        return words.filter { !$0.isEmpty }
    }
}

/// `text` cut to at most `limit` bytes of UTF-8 at a character's boundary, with a note of how much is missing.
func bounded(_ text: String, to limit: Int) -> String {
    let size = text.utf8.count
    guard size > limit else { return text }
    var kept = ""
    var used = 0
    for character in text {
        used += character.utf8.count
        if used > limit { break }
        kept.append(character)
    }
    return kept + "… (\(size - kept.utf8.count) more bytes)"
}
