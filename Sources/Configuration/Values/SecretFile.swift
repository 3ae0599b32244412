import Foundation
public import SpeechModel

/// A secret that the configuration names by file only, so that it stands in no configuration, environment or process list.
public struct SecretFile: Sendable, Equatable {
    /// The file, which may be shown.
    public let path: String
    /// The secret: the file's only line, ASCII without spaces, at least ``minimumLength`` characters.
    public let secret: Sensitive<String>

    /// Shorter secrets can be guessed.
    public static let minimumLength = 16

    /// Reads the file.
    init(reading path: String) throws(Rejection) {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Rejection(
                "it names a file that cannot be read. Create it: `openssl rand -hex 32 > \(path)`, readable by this user.")
        }
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard line.utf8.count >= Self.minimumLength, line.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Rejection(
                "it names a file that must hold one line of at least \(Self.minimumLength) ASCII characters without spaces. "
                    + "Make one: `openssl rand -hex 32 > \(path)`.")
        }
        self.path = path
        self.secret = Sensitive(line)
    }

    public static func == (a: SecretFile, b: SecretFile) -> Bool { a.path == b.path && a.secret.exposed == b.secret.exposed }
}
