import HTTPTypes
import SpeechModel
import Testing

@testable import HTTPEdge

@Suite("Who may make a request")
struct WebSocketAccessTests {
    private func request(
        _ path: String = "/v1/asr/stream", host: String? = "localhost:8080", _ fields: HTTPFields = [:]
    ) -> HTTPRequest {
        HTTPRequest(method: .get, scheme: "http", authority: host, path: path, headerFields: fields)
    }

    @Test(
        arguments: [
            ("localhost", nil), ("LOCALHOST:8080", nil), ("127.0.0.1:1", nil), ("127.8.9.10", nil), ("[::1]:8080", nil),
            ("[::1]", nil),
            ("voice.example.org", nil), ("voice.example.org:9", nil), ("app.example.org:8443", nil),
            ("app.example.org:8444", ErrorCode.forbiddenHost), ("app.example.org", .forbiddenHost),
            ("evil.example", .forbiddenHost),
            ("localhost.evil.example", .forbiddenHost), ("127.0.0.1.evil.example", .forbiddenHost),
            ("127.0.0.256", .forbiddenHost),
            ("127.0.0", .forbiddenHost), ("", .forbiddenHost), ("localhost:port", .forbiddenHost), ("localhost:", .forbiddenHost),
            ("localhost:99999", .forbiddenHost), ("[::1", .forbiddenHost), ("[::1]8080", .forbiddenHost),
            (":8080", .forbiddenHost),
            ("evil@localhost", .forbiddenHost), ("0.0.0.0", .forbiddenHost), (nil, .forbiddenHost),
        ] as [(String?, ErrorCode?)])
    func onLoopbackTheHostMustBeLoopbackOrAllowed(_ host: String?, _ expected: ErrorCode?) throws {
        let access = try AccessGuard(listenAddress: "127.0.0.1", allowedHosts: ["Voice.example.org", "app.example.org:8443"])
        #expect(access.check(request(host: host))?.code == expected)
    }

    @Test(
        arguments: [
            ("localhost:8080", "http://localhost:8080", nil), ("localhost:8080", "HTTP://LocalHost:8080", nil),
            ("localhost", "http://localhost", nil), ("localhost", "http://localhost:80", nil),
            ("localhost:443", "https://localhost", nil),
            ("localhost", "https://localhost", nil), ("[::1]:8080", "http://[::1]:8080", nil),
            ("localhost:8080", "https://voice.example.org", nil),
            ("localhost:8080", "http://localhost:3000", ErrorCode.forbiddenOrigin),
            ("localhost:8080", "http://127.0.0.1:8080", .forbiddenOrigin),
            ("localhost:8080", "http://localhost", .forbiddenOrigin),
            ("localhost:8080", "null", .forbiddenOrigin), ("localhost:8080", "", .forbiddenOrigin),
            ("localhost:8080", "file://localhost:8080", .forbiddenOrigin),
            ("localhost:8080", "http://evil.example", .forbiddenOrigin),
            ("localhost:8080", "http://localhost:8080/path", .forbiddenOrigin),
            ("localhost:8080", "http://localhost:8080@evil.example", .forbiddenOrigin),
        ] as [(String, String, ErrorCode?)])
    func onLoopbackAPageMustBeOurs(_ host: String, _ origin: String, _ expected: ErrorCode?) throws {
        let access = try AccessGuard(listenAddress: "localhost", allowedHosts: ["voice.example.org"])
        #expect(access.check(request(host: host, [.origin: origin]))?.code == expected)
    }

    @Test(arguments: [
        ("Bearer s3cret/+~", true), ("bearer  s3cret/+~ ", true), ("Bearer s3cret/+", false), ("Bearer s3cret/+~~", false),
        ("Bearer ", false), ("Bearer", false), ("Basic s3cret/+~", false), ("s3cret/+~", false), ("Bearer S3CRET/+~", false),
    ])
    func beyondLoopbackTheTokenMustBeRight(_ authorisation: String, _ isRight: Bool) throws {
        let access = try AccessGuard(listenAddress: "0.0.0.0", token: Sensitive("s3cret/+~"))
        // Names do not matter there: only who knows the token may.
        let request = request(host: "anything.example", [.authorization: authorisation, .origin: "http://elsewhere.example"])
        #expect(access.check(request)?.code == (isRight ? nil : .unauthorised))
    }

    @Test func aTokenOnLoopbackIsAskedForToo() throws {
        let access = try AccessGuard(listenAddress: "::1", token: Sensitive("t"))
        #expect(access.check(request())?.code == .unauthorised)
        #expect(access.check(request([.authorization: "Bearer t"])) == nil)
        #expect(access.check(request(host: "evil.example", [.authorization: "Bearer t"]))?.code == .forbiddenHost)
    }

    private func request(_ fields: HTTPFields) -> HTTPRequest { request("/v1/asr/stream", fields) }

    // probesNeedNoToken: replace "/" by "//" in its list of refused paths, and add:
    @Test func pagesNeedNoTokenBecauseTheyHoldNoSecret() throws {
        let access = try AccessGuard(listenAddress: "10.0.0.1", token: Sensitive("t"))
        for path in [
            "/", "/?a=b", "/docs", "/docs/errors", "/redoc", "/openapi.json", "/captions/app.js", "/reference/reference.html",
        ] {
            #expect(access.check(request(path)) == nil)
        }
        for path in [
            "//", "", "/docs/", "/captions", "/captions/", "/captionsx/a", "/captions/../status", "/captions/a/b", "/captions/..",
            "/reference/%2e%2e/status", "/reference/%2e%2e%2fstatus", "/status", "/openapi.json/", "/v1/captions/app.js",
        ] {
            #expect(access.check(request(path))?.code == .unauthorised, "\(path)")
        }
        var post = request("/")
        post.method = .post
        #expect(access.check(post)?.code == .unauthorised)
    }

    @Test func probesNeedNoToken() throws {
        let access = try AccessGuard(listenAddress: "10.0.0.1", token: Sensitive("t"))
        for path in ["/health", "/livez", "/readyz", "/health?verbose=1"] { #expect(access.check(request(path)) == nil) }
        for path in ["/healthy", "//", "/metrics", "/v1/health"] { #expect(access.check(request(path))?.code == .unauthorised) }
    }

    @Test func aBrowsersTokenMayComeAsASubprotocolOfAnUpgradeOnly() throws {
        let access = try AccessGuard(listenAddress: "0.0.0.0", token: Sensitive("subjects?_d=1>~~"))
        // base64 with both characters that base64url replaces: c3ViamVjdHM/X2Q9MT5+fg==
        let offered: HTTPFields = [.secWebSocketProtocol: "mynah.v1,  mynah.token.c3ViamVjdHM_X2Q9MT5-fg", .upgrade: "websocket"]
        #expect(access.check(request(offered)) == nil)
        #expect(AccessGuard.subprotocol(for: request(offered)) == "mynah.v1")
        #expect(access.check(request([.secWebSocketProtocol: "mynah.token.c3ViamVjdHM_X2Q9MT5-fg"]))?.code == .unauthorised)
        #expect(access.check(request([.secWebSocketProtocol: "mynah.token.AAAA", .upgrade: "websocket"]))?.code == .unauthorised)
        #expect(AccessGuard.subprotocol(for: request([.secWebSocketProtocol: "mynah.token.c3ViamVjdHM_X2Q9MT5-fg"])) == nil)
        #expect(access.check(request("/v1/asr/stream?token=subjects", [.upgrade: "websocket"]))?.code == .unauthorised)
    }

    @Test func aServerThatOthersReachDoesNotStartWithoutAToken() {
        for address in ["0.0.0.0", "::", "192.168.1.7", "example.org", "128.0.0.1"] {
            let error = #expect(throws: SpeechError.self) { try AccessGuard(listenAddress: address) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.advice.contains("server.token_file") == true)
        }
    }

    @Test(arguments: ["", "two words", "tab\t", "ümlaut", "line\n"])
    func anUnusableTokenIsAnErrorAndNotShown(_ token: String) {
        let error = #expect(throws: SpeechError.self) { try AccessGuard(listenAddress: "127.0.0.1", token: Sensitive(token)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(token.isEmpty || error?.description.contains(token) == false)
    }

    @Test(arguments: ["http://example.org", "example.org/path", "", "a b", "example.org:http"])
    func anAllowedHostMustBeAHost(_ name: String) {
        let error = #expect(throws: SpeechError.self) { try AccessGuard(listenAddress: "127.0.0.1", allowedHosts: [name]) }
        #expect(error?.message.contains("server.allowed_hosts") == true)
    }

    @Test(
        arguments: [
            ("/a", "/a", [:]), ("/a?", "/a", [:]), ("/a?b", "/a", ["b": ""]),
            ("/?b=1&b=2&c=%41%2b+%", "/", ["b": "1", "c": "A+ %"]),
            ("/?=x&&y=a=b", "/", ["": "x", "y": "a=b"]), ("/?k%20y=%zz%4", "/", ["k y": "%zz%4"]),
            ("/?u=%C3%A4%FF", "/", ["u": "ä\u{FFFD}"]),
        ] as [(String, String, [String: String])])
    func queriesAreDecoded(_ target: String, _ path: String, _ query: [String: String]) {
        let split = QueryString.split(target)
        #expect(split.path == path)
        #expect(split.query == query)
    }

    @Test func placesAreCountedInAllAndPerAddress() {
        let count = ConnectionCount(total: 3, perAddress: 2)
        let first = count.acquire("a")
        let second = count.acquire("a")
        #expect(first != nil && second != nil)
        #expect(count.acquire("a") == nil)
        let other = count.acquire(nil)
        #expect(other != nil)
        #expect(count.acquire("b") == nil)
        #expect(count.current == 3)
        first?.release()
        #expect(count.acquire("b") != nil)
        #expect(count.acquire("a") == nil)
        second?.release()
        other?.release()
        #expect(count.current == 1)
        #expect(count.acquire("a") != nil)
    }
}
