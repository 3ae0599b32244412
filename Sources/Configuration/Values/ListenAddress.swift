import Glibc

/// An address and port that the server binds to: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `0.0.0.0:8080`.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address or a name, without brackets.
    public let host: String
    /// 1–65535, or 0 for any free port.
    public let port: Int

    /// Makes an address; nothing is looked up.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port` or `[host]:port`; nil when it is neither.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard Self.bytes(AF_INET6, String(host)) != nil else { return nil }
        } else {
            guard isHostName(host) else { return nil }
        }
        self.init(host: String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach the address.
    public var isLoopback: Bool {
        if host.lowercased() == "localhost" { return true }
        if let bytes = Self.bytes(AF_INET, host) { return bytes[0] == 127 }
        guard let bytes = Self.bytes(AF_INET6, host) else { return false }
        // ::1, or 127.0.0.0/8 mapped into IPv6 as ::ffff:127.x.y.z
        return bytes == Array(repeating: 0, count: 15) + [1]
            || bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF, 127])
    }

    /// Whether two sockets cannot be bound to both.
    public func collides(with other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        let hosts = [host, other.host].map { $0.lowercased() == "localhost" ? "127.0.0.1" : $0 }
        return hosts[0] == hosts[1] || hosts.contains("0.0.0.0") || hosts.contains("::")
    }

    private static func bytes(_ family: Int32, _ host: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
        return inet_pton(family, host, &bytes) == 1 ? bytes : nil
    }
}

/// Letters, digits, dots and hyphens, as in names and IPv4 addresses; at most 253 characters (RFC 1035).
func isHostName(_ text: some StringProtocol) -> Bool {
    (1...253).contains(text.utf8.count)
        && text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "." || $0 == "-")
        }
}
