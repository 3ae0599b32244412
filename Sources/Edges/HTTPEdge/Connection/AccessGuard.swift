import Foundation
public import HTTPTypes
public import SpeechModel

/// Decides who may make a request, before tenants exist. Pure.
///
/// - On loopback, whoever can reach the port may use it, except web pages of others: `Host` must name loopback or an allowed host
///   (a page that rebinds its DNS name to 127.0.0.1 still sends its own name), and `Origin`, which browsers add, must be the same
///   host and port or an allowed host.
/// - With a token, and always beyond loopback, every request but the probes and the pages must carry it: `Authorization: Bearer <token>`, or
///   for WebSockets of browsers, which cannot set that field, the two subprotocols `mynah.v1` and
///   `mynah.token.<token in base64url without padding>`. The server answers `mynah.v1` and never repeats the token. A token in the
///   query is not accepted, because queries end in logs.
public struct AccessGuard: Sendable {
    /// Paths that need no token: a prober has none, and they tell nothing.
    public static let probes: Set<String> = ["/health", "/livez", "/readyz"]

    /// Files of the pages, which hold no secret: without them a browser could not ask its reader for the token. Their folders have
    /// one level, so that nothing else can be named through them.
    public static func isPage(_ path: String) -> Bool {
        if ["/", "/docs", "/docs/errors", "/redoc", "/openapi.json"].contains(path) { return true }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0].isEmpty && ["captions", "reference"].contains(parts[1]) && !parts[2].isEmpty
            && !parts[2].hasPrefix(".") && !parts[2].contains("%")
    }

    private let isLoopback: Bool
    private let allowedHosts: [Authority]
    private let token: Sensitive<[UInt8]>?
    private let tokenSubprotocol: Sensitive<[UInt8]>?

    /// Makes a guard.
    ///
    /// - Parameters:
    ///   - listenAddress: the address or name that the server is bound to.
    ///   - token: the bearer token; required beyond loopback.
    ///   - allowedHosts: further names for `Host` and `Origin`, `example.org` (any port) or `example.org:8443`.
    /// - Throws: ``SpeechError`` with `invalid-configuration`.
    public init(listenAddress: String, token: Sensitive<String>? = nil, allowedHosts: [String] = []) throws(SpeechError) {
        isLoopback = Self.isLoopback(listenAddress)
        self.allowedHosts = try allowedHosts.map { name throws(SpeechError) in
            guard let authority = Authority(name) else {
                throw SpeechError(
                    .invalidConfiguration, "server.allowed_hosts: “\(name)” is not a host name.",
                    advice: "Write `example.org` or `example.org:8443`, without a scheme or path.")
            }
            return authority
        }
        if let token {
            guard !token.exposed.isEmpty, token.exposed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw SpeechError(
                    .invalidConfiguration, "server.token_file: the token is empty or holds spaces or characters outside ASCII.",
                    advice: "Put one line of printable characters into the file, for instance from `openssl rand -hex 32`.")
            }
            let encoded = Data(token.exposed.utf8).base64EncodedString()
                .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            self.token = Sensitive(Array(token.exposed.utf8))
            tokenSubprotocol = Sensitive(Array((Self.tokenPrefix + encoded).utf8))
        } else {
            guard isLoopback else {
                throw SpeechError(
                    .invalidConfiguration,
                    "server.listen: \(listenAddress) can be reached from other machines, and there is no token.",
                    advice: "Set server.token_file, or listen on 127.0.0.1.")
            }
            self.token = nil
            tokenSubprotocol = nil
        }
    }

    /// Whether an address or name means this machine only.
    public static func isLoopback(_ address: String) -> Bool {
        let name = address.lowercased()
        if ["localhost", "::1", "[::1]"].contains(name) { return true }
        let octets = name.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    }

    /// Why a request may not be served; `nil` when it may.
    public func check(_ request: HTTPRequest) -> SpeechError? {
        if isLoopback, let error = checkNames(request) { return error }
        guard let token else { return nil }
        let path = QueryString.split(request.path ?? "/").path
        if Self.probes.contains(path) || request.method == .get && Self.isPage(path) { return nil }
        if let authorisation = request.headerFields[.authorization] {
            let parts = authorisation.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer", Self.equal(parts[1].trimmingSpaces.utf8, token.exposed) {
                return nil
            }
        }
        if let tokenSubprotocol, request.headerFields[.upgrade] != nil,
            Self.subprotocols(of: request).contains(where: { Self.equal($0.utf8, tokenSubprotocol.exposed) })
        {
            return nil
        }
        return SpeechError(
            .unauthorised, "The bearer token is missing or wrong.",
            advice: "Send `Authorization: Bearer <token>` with the token of server.token_file.")
    }

    private func checkNames(_ request: HTTPRequest) -> SpeechError? {
        guard let host = request.authority.flatMap({ Authority($0) }), Self.isLoopback(host.name) || isAllowed(host) else {
            return SpeechError(
                .forbiddenHost, "The `Host` header names neither loopback nor an allowed host.",
                advice: "Use http://localhost, or add the name to server.allowed_hosts.")
        }
        guard let text = request.headerFields[.origin] else { return nil }
        guard let origin = Authority(origin: text), origin.isSame(as: host, defaultPort: origin.port) || isAllowed(origin) else {
            return SpeechError(
                .forbiddenOrigin, "The `Origin` header names a page that this server does not serve.",
                advice: "Open the page from this server, or add its host to server.allowed_hosts.")
        }
        return nil
    }

    private func isAllowed(_ host: Authority) -> Bool {
        allowedHosts.contains { $0.name == host.name && ($0.port == nil || $0.port == host.port) }
    }

    // MARK: - Subprotocols

    private static let tokenPrefix = "mynah.token."
    private static let publicSubprotocol = "mynah.v1"

    /// The subprotocol to answer: `mynah.v1` if it was offered, never one that holds a token.
    static func subprotocol(for request: HTTPRequest) -> String? {
        subprotocols(of: request).contains { $0 == publicSubprotocol } ? publicSubprotocol : nil
    }

    private static func subprotocols(of request: HTTPRequest) -> [Substring] {
        request.headerFields[values: .secWebSocketProtocol].flatMap { $0.split(separator: ",").map(\.trimmingSpaces) }
    }

    /// Compares in a time that depends on the candidate's length only, so that a token cannot be guessed byte by byte.
    private static func equal(_ candidate: some Collection<UInt8>, _ secret: [UInt8]) -> Bool {
        var difference = candidate.count ^ secret.count
        for (index, byte) in candidate.enumerated() { difference |= Int(byte ^ secret[index % secret.count]) }
        return difference == 0
    }
}

/// A host name and, if given, a port, as in `Host` and `Origin`.
private struct Authority {
    var name: String
    var port: Int?

    /// Reads `name`, `name:port`, `[v6]` or `[v6]:port`.
    init?(_ text: String) {
        let end = text.hasPrefix("[") ? text.firstIndex(of: "]").map(text.index(after:)) : text.firstIndex(of: ":")
        let name = text[..<(end ?? text.endIndex)]
        let rest = text[name.endIndex...]
        guard !name.isEmpty, !text.hasPrefix("[") || name.hasSuffix("]"), name.allSatisfy({ !"/@? ".contains($0) }) else {
            return nil
        }
        self.name = name.lowercased()
        if rest.isEmpty { return }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()) else { return nil }
        self.port = Int(port)
    }

    /// Reads `http://name:port`; the port is the scheme's own when it is not given. `null` and other schemes are nobody.
    init?(origin: String) {
        let schemes = ["http://": 80, "https://": 443]
        guard let (scheme, port) = schemes.first(where: { origin.lowercased().hasPrefix($0.key) }) else { return nil }
        self.init(String(origin.dropFirst(scheme.count)))
        self.port = self.port ?? port
    }

    /// Whether both name the same host and port, when a port that `other` leaves out is `defaultPort`.
    func isSame(as other: Authority, defaultPort: Int?) -> Bool {
        name == other.name && port == other.port ?? defaultPort
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    var trimmingSpaces: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
