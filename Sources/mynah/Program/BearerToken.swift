import Foundation
import SpeechModel

/// Reads the server's bearer token from the file that its operator gave out.
func bearerToken(in path: String) throws(SpeechError) -> Sensitive<String> {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw SpeechError(
            .unreadableFile, "The token file \(path) cannot be read.",
            advice: "Check its name and that this user may read it.")
    }
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw SpeechError(
            .invalidParameter, "The token file \(path) does not hold one line of ASCII without spaces.",
            advice: "Copy the file that the server's setting server.token_file names.")
    }
    return Sensitive(token)
}
