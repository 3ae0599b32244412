import CZeroMQ
import Glibc
public import SpeechModel

/// The long-term secret key of a CURVE server (ZeroMQ RFC 26). A subscriber needs its ``publicKey``.
public struct CurveSecretKey: Sendable {
    /// Characters of a key in Z85 (ZeroMQ RFC 32): 32 bytes.
    public static let length = 40

    /// The key in Z85.
    public let z85: Sensitive<String>
    /// The key that subscribers are given, in Z85.
    public let publicKey: String

    /// Takes a key of 40 Z85 characters.
    ///
    /// - Throws: ``SpeechError`` with `invalid-configuration`; the text is not repeated.
    public init(z85: Sensitive<String>) throws(SpeechError) {
        var publicKey = [CChar](repeating: 0, count: Self.length + 1)
        guard z85.exposed.utf8.count == Self.length, zmq_curve_public(&publicKey, z85.exposed) == 0 else {
            throw SpeechError(
                .invalidConfiguration, "The CURVE secret key is not \(Self.length) characters of Z85.",
                advice: "Make a pair with `zmq_curve_keypair` or, in Python, `zmq.curve_keypair()`, and give the secret half.")
        }
        self.z85 = z85
        self.publicKey = Self.text(publicKey)
    }

    /// Reads a key from a file: one line of Z85, or a certificate as CZMQ and PyZMQ write them (`secret-key = "…"`).
    ///
    /// - Throws: ``SpeechError`` with `unreadable-file` or `invalid-configuration`.
    public init(file path: String) throws(SpeechError) {
        guard let text = Self.read(path) else {
            throw SpeechError(
                .unreadableFile, "The CURVE key file \(path) cannot be read: \(ZeroMQError.text(errno)).",
                advice: "Let it be a file of one line that the server's user may read.")
        }
        var key = text
        for line in text.split(whereSeparator: \.isNewline) {
            let halves = line.split(separator: "=", maxSplits: 1)
            if halves.count == 2, halves[0].filter({ !$0.isWhitespace }) == "secret-key" {
                key = halves[1].filter { $0 != "\"" }
            }
        }
        let trimmed = key.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        do throws(SpeechError) {
            try self.init(z85: Sensitive(String(trimmed)))
        } catch {
            throw SpeechError(error.code, "\(path): \(error.message)", advice: error.advice)
        }
    }

    /// Makes a new pair from the system's randomness.
    public static func make() throws(SpeechError) -> CurveSecretKey {
        var publicKey = [CChar](repeating: 0, count: length + 1)
        var secretKey = publicKey
        guard zmq_curve_keypair(&publicKey, &secretKey) == 0 else {
            throw SpeechError(
                .missingDependency, "This libzmq was built without CURVE.", advice: "Install Debian's package libzmq5.")
        }
        return try CurveSecretKey(z85: Sensitive(text(secretKey)))
    }

    private static func text(_ key: [CChar]) -> String {
        String(decoding: key.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The first 4 KB of a file, more than any key needs; nil with `errno` set.
    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
