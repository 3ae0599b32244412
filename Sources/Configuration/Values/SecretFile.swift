import Foundation
public import SpeechModel

/// A secret that somebody else gave and that a container's environment may hold; no message, hash or listing shows it.
public struct Secret: Sendable, Equatable {
    /// ASCII without spaces.
    public let value: Sensitive<String>

    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        value = Sensitive(text)
    }

    public static func == (a: Secret, b: Secret) -> Bool { a.value.exposed == b.value.exposed }
}

/// A secret that the configuration names by file only, so that it stands in no configuration, environment or process list.
public struct SecretFile: Sendable, Equatable {
    /// The file, which may be shown.
    public let path: String
    /// The secret: the file's only line, ASCII without spaces, at least ``minimumLength`` characters.
    public let secret: Sensitive<String>

    /// Shorter secrets can be guessed.
    public static let minimumLength = 16

    /// Reads the file; `make` says how one comes into being.
    init(reading path: String, minimumLength: Int, make: (_ path: String) -> String) throws(Rejection) {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Rejection(
                "it names a file that cannot be read. Create it: \(make(path)), readable by this user.")
        }
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard line.utf8.count >= minimumLength, let secret = Secret(line) else {
            throw Rejection(
                "it names a file that must hold one line of at least \(minimumLength) ASCII characters without spaces. "
                    + "Make one: \(make(path)).")
        }
        self.path = path
        self.secret = secret.value
    }

    public static func == (a: SecretFile, b: SecretFile) -> Bool { a.path == b.path && a.secret.exposed == b.secret.exposed }
}
