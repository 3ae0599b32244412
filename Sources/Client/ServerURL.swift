public import SpeechModel

/// Where a server is: `http://` or `ws://`, host, port (80 if not given), path and query.
public struct ServerURL: Hashable, Sendable, CustomStringConvertible {
    /// The host name or address; an IPv6 address without its brackets.
    public let host: String
    /// The TCP port.
    public let port: Int
    /// The path and query, at least `/`.
    public var target: String

    /// Reads a URL.
    ///
    /// - Throws: ``SpeechError`` with `invalid-parameter`; with `connection-failed` for TLS, which this client does not speak yet.
    public init(_ text: String) throws(SpeechError) {
        func invalid(_ what: String) -> SpeechError {
            SpeechError(
                .invalidParameter, "“\(text.prefix(200))” \(what).", advice: "Write a URL like ws://127.0.0.1:8080/v1/asr/stream."
            )
        }
        guard let separator = text.firstRange(of: "://") else { throw invalid("has no scheme") }
        switch text[..<separator.lowerBound].lowercased() {
        case "ws", "http": break
        case "wss", "https":
            throw SpeechError(
                .connectionFailed, "This client does not speak TLS yet.",
                advice: "Use ws:// or http:// on this machine, or a tunnel such as `ssh -L`.")
        default: throw invalid("has a scheme that is none of ws, http")
        }
        let rest = text[separator.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw invalid("has a user name") }
        var name = authority
        var port = 80
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else {
                throw invalid("has a port that is not 1–65535")
            }
            port = Int(number)
            name = authority[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        guard !name.isEmpty else { throw invalid("has no host") }
        host = String(name)
        self.port = port
        let target = rest[end...]
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid("has characters that must be percent-encoded")
        }
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
    }

    /// The value of the `Host` header.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }

    public var description: String { "\(authority)\(target)" }
}
