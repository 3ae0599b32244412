import HTTPEdge
import NIOCore
import SpeechModel
import Testing

@Suite("WebSockets and HTTP on one port", .timeLimit(.minutes(1)))
struct WebSocketServerTests {
    typealias Raw = RawConnection

    // MARK: - Upgrading

    @Test func anUpgradeIsAnsweredAsTheProtocolSays() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.upgrade("/echo"))
            let response = try #require(await connection.response())
            #expect(response.hasPrefix("HTTP/1.1 101 "))
            // The example of RFC 6455 §1.3.
            #expect(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
            try await connection.send(Raw.text("hällo"))
            #expect(await connection.heard() == "hällo")
        }
    }

    @Test func framesThatComeWithTheRequestAreNotLost() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Array(Raw.upgrade("/echo").utf8) + Raw.text("early"))
            _ = await connection.response()
            #expect(await connection.heard() == "early")
        }
    }

    @Test func aConnectionMayUpgradeAfterOrdinaryRequests() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            for _ in 1...3 {
                try await connection.send(Raw.get("/health"))
                #expect(await connection.response()?.hasSuffix("\r\n\r\nhealthy") == true)
            }
            try await connection.send(Array(Raw.upgrade("/echo").utf8) + Raw.text("now"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 101 ") == true)
            #expect(await connection.heard() == "now")
        }
    }

    @Test func anUpgradeWaitsForTheAnswersToPipelinedRequests() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            let requests = String(repeating: Raw.get("/health"), count: 30) + Raw.upgrade("/echo")
            try await connection.send(Array(requests.utf8) + Raw.text("last"))
            for _ in 1...30 { #expect(await connection.response()?.hasSuffix("healthy") == true) }
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 101 ") == true)
            #expect(await connection.heard() == "last")
        }
    }

    @Test func aRefusedUpgradeIsAProblemAndTheConnectionStaysUsable() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.upgrade("/refused", "X-Request-ID: mine-1"))
            let refusal = try #require(await connection.response())
            #expect(refusal.hasPrefix("HTTP/1.1 503 "))
            #expect(refusal.contains("application/problem+json"))
            #expect(refusal.contains("Retry-After: "))
            #expect(
                refusal.hasSuffix(
                    #"{"type":"/docs/errors#not-ready","title":"The server is still warming up.","status":503,"code":"not-ready","#
                        + #""detail":"The recogniser is loading. Try again in a moment.","request_id":"mine-1"}"#))
            try await connection.send(Raw.get("/health"))
            #expect(await connection.response()?.hasSuffix("healthy") == true)
            try await connection.send(Raw.upgrade("/echo"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 101 ") == true)
            try await connection.send(Raw.text("at last"))
            #expect(await connection.heard() == "at last")
        }
    }

    @Test func requestsThatFollowARefusedUpgradeCloselyAreServed() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            let requests = Raw.upgrade("/refused") + Raw.upgrade("/nowhere") + Raw.get("/health") + Raw.upgrade("/echo")
            try await connection.send(Array(requests.utf8) + Raw.text("through"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 503 ") == true)
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 404 ") == true)
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 200 ") == true)
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 101 ") == true)
            #expect(await connection.heard() == "through")
        }
    }

    @Test(arguments: [
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n",
    ])
    func whatIsNoWebSocketUpgradeIsServedAsHTTP(_ request: String) async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(request + request + Raw.get("/health"))
            for _ in 1...3 { #expect(await connection.response()?.hasSuffix("healthy") == true) }
        }
    }

    @Test func connectIsRefusedAndTheConnectionGoesOn() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send("CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n" + Raw.get("/health"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 404 ") == true)
            #expect(await connection.response()?.hasSuffix("healthy") == true)
        }
    }

    @Test func anotherVersionOrABadKeyIsRefused() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.upgrade("/echo", version: "8"))
            let refusal = try #require(await connection.response())
            #expect(refusal.hasPrefix("HTTP/1.1 426 "))
            #expect(refusal.contains("Sec-WebSocket-Version: 13\r\n"))
            #expect(refusal.contains("\"status\":426"))
            try await connection.send(Raw.upgrade("/echo", key: "short"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 400 ") == true)
        }
    }

    @Test func queryParametersReachTheEndpoint() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open("/query?a=1&q=two+w%C3%B6rds", port: server.port)
            #expect(await connection.heard() == "two wörds")
        }
    }

    @Test func noUpgradeFollowsARequestThatClosesTheConnection() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.get("/health", "Connection: close") + Raw.upgrade("/echo"))
            #expect(await connection.response()?.hasSuffix("healthy") == true)
            #expect(await connection.response() == nil)
        }
    }

    @Test func bytesThatAreNoHTTPAreRefused() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0x0D, 0x0A, 0x0D, 0x0A])
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 400 ") == true)
            #expect(await connection.response() == nil)
        }
    }

    // MARK: - Messages

    @Test func fragmentsAndControlFramesBetweenThemMakeOneMessage() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open(port: server.port)
            try await connection.send(Raw.frame(1, Array("one ".utf8), fin: false))
            try await connection.send(Raw.frame(9, Array("ping".utf8)))
            let pong = try #require(await connection.frame())
            #expect(pong.opcode == 0x8A)
            #expect(pong.payload == Array("ping".utf8))
            try await connection.send(Raw.frame(0, Array("message".utf8), fin: false) + Raw.frame(0))
            #expect(await connection.heard() == "one message")
        }
    }

    @Test func aMessageInManySegmentsArrivesWhole() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open(port: server.port)
            for byte in Raw.frame(2, Array("bytes".utf8)) { try await connection.send([byte]) }
            #expect(await connection.heard() == "5 bytes: bytes")
            try await connection.send(Raw.frame(2, [UInt8](repeating: 65, count: 200_000)))
            #expect(await connection.heard() == "200000 bytes: AAAAAAAAAAAAAAAAAAAA")
            try await connection.send(Raw.text(String(repeating: "z", count: 70_000)))
            #expect(await connection.heard()?.count == 70_000)
        }
    }

    @Test(arguments: [
        (Raw.frame(1, [65], masked: false), "1002 a client's frames must be masked"),
        (Raw.frame(1, [65], reserved: 0x40), "1002 a reserved bit is set"),
        (Raw.frame(3), "1002 an unknown opcode"),
        (Raw.frame(11), "1002 an unknown opcode"),
        (Raw.frame(0, [65]), "1002 a continuation without a beginning"),
        (Raw.frame(1, [65], fin: false) + Raw.frame(1, [65]), "1002 a message began inside another"),
        (Raw.frame(9, fin: false), "1002 a control frame is fragmented"),
        (Raw.frame(9, [UInt8](repeating: 0, count: 126)), "1002 a control frame is longer than 125 bytes"),
        (Raw.frame(8, [3]), "1002 half a close code"),
        (Raw.frame(8, [3, 237]), "1002 a close code that is not for the wire"),
        (Raw.frame(8, [3, 232, 0xFF]), "1007 text is not valid UTF-8"),
        (Raw.frame(1, [0xC3, 0x28]), "1007 text is not valid UTF-8"),
        (Raw.frame(1, [0xC3], fin: false) + Raw.frame(0, [0x28]), "1007 text is not valid UTF-8"),
        (Raw.frame(2, claiming: 1001), "1009 larger than 1000 bytes"),
        (Raw.frame(2, claiming: UInt64.max), "1009 larger than 1000 bytes"),
        (
            Raw.frame(2, [UInt8](repeating: 0, count: 900), fin: false) + Raw.frame(0, [UInt8](repeating: 0, count: 700)),
            "1009 larger than 1500 bytes"
        ),
    ])
    func whatBreaksTheProtocolClosesWithTheRightCode(_ bytes: [UInt8], _ close: String) async throws {
        var limits = WebSocketLimits()
        limits.maxFrameBytes = 1000
        limits.maxMessageBytes = 1500
        try await WebSocketTestServer.run(EchoEndpoint(), limits: limits) { server in
            let connection = try await Raw.open(port: server.port)
            // What follows a fault is ignored, not echoed.
            try await connection.send(bytes + Raw.text("more"))
            #expect(await connection.heard() == close)
            #expect(await connection.heard() == nil)
        }
    }

    @Test func pausedReadingGoesOnWithoutLoss() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open(port: server.port)
            try await connection.send(Raw.text("pause"))
            try await connection.send(Raw.text("after"))
            var heard: Set<String> = []
            for _ in 1...3 { heard.insert(await connection.heard() ?? "") }
            #expect(heard == ["paused", "resumed", "after"])
        }
    }

    // MARK: - Closing

    @Test func aPeersCloseIsAnsweredWithItsCodeAndTheSocketIsClosed() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open(port: server.port)
            try await connection.send(Raw.frame(8, [0x0F, 0xA1]) + Raw.text("too late"))
            #expect(await connection.heard() == "4001 ")
            #expect(await connection.heard() == nil)
            let silent = try await Raw.open(port: server.port)
            try await silent.send(Raw.frame(8))
            #expect(await silent.heard() == "1005")
            #expect(await silent.heard() == nil)
        }
    }

    @Test func theServersCloseWaitsForTheAnswer() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open(port: server.port)
            try await connection.send(Raw.text("close"))
            #expect(await connection.heard() == "4000 as you wish")
            try await connection.send(Raw.text("not echoed") + Raw.frame(8, [0x0F, 0xA0]))
            #expect(await connection.heard() == nil)
        }
    }

    @Test func aSlowReaderLosesDroppableMessagesAndIsThenDisconnected() async throws {
        let (closes, closed) = AsyncStream.makeStream(of: Int.self)
        let (drops, dropped) = AsyncStream.makeStream(of: Void.self)
        var metrics = WebSocketMetrics()
        metrics.closed = { closed.yield($0) }
        metrics.dropped = { dropped.yield() }
        try await WebSocketTestServer.run(EchoEndpoint(), metrics: metrics) { server in
            let connection = try await Raw.open(port: server.port)
            try await connection.setReading(false)
            try await connection.send(Raw.text("flood"))
            var drop = drops.makeAsyncIterator()
            #expect(await drop.next() != nil)
            try await connection.setReading(true)
            var last: String?
            while let heard = await connection.heard() {
                last = heard
                if heard.count < 100 { try await connection.send(Raw.frame(8)) }
            }
            #expect(last == "1013 slow-reader")
            var code = closes.makeAsyncIterator()
            #expect(await code.next() == 1013)
        }
    }

    @Test func aStoppingServerClosesWith1001AndFinishes() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open(port: server.port)
            await server.stop()
            #expect(await connection.heard() == "1001 shutting-down")
            try await connection.send(Raw.frame(8, [0x03, 0xE9]))
            #expect(await connection.heard() == nil)
        }
    }

    @Test func aHandlerMayFinishBeforeTheServerStops() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw.open("/stream", port: server.port)
            #expect(await connection.heard() == "hello")
            await server.stop()
            #expect(await connection.heard() == "goodbye")
            #expect(await connection.heard() == "1000 ")
            try await connection.send(Raw.frame(8, [0x03, 0xE8]))
            #expect(await connection.heard() == nil)
        }
    }

    @Test func neitherAHandlerNorAClientCanHoldUpTheStop() async throws {
        var limits = WebSocketLimits()
        limits.drainTimeout = .milliseconds(1)
        limits.closeTimeout = .milliseconds(1)
        try await WebSocketTestServer.run(EchoEndpoint(), limits: limits) { server in
            let idle = try await Raw(port: server.port)
            try await idle.send(Raw.get("/health"))
            _ = await idle.response()
            let connection = try await Raw.open("/query", port: server.port)
            #expect(await connection.heard() == "nothing")
            await server.stop()
            #expect(await connection.heard() == "1001 shutting-down")
            #expect(await connection.heard() == nil)
            #expect(await idle.response() == nil)
        }
    }

    @Test func aClientThatVanishesIsNoticed() async throws {
        let (closes, closed) = AsyncStream.makeStream(of: Int.self)
        var metrics = WebSocketMetrics()
        metrics.closed = { closed.yield($0) }
        try await WebSocketTestServer.run(EchoEndpoint(), metrics: metrics) { server in
            let connection = try await Raw.open(port: server.port)
            try await connection.close()
            var code = closes.makeAsyncIterator()
            #expect(await code.next() == 1006)
        }
    }

    // MARK: - Limits and access

    @Test func oneConnectionTooManyIsRefusedAndAPlaceIsGivenBack() async throws {
        let (closes, closed) = AsyncStream.makeStream(of: Int.self)
        let (refusals, refused) = AsyncStream.makeStream(of: String.self)
        var metrics = WebSocketMetrics()
        metrics.closed = { closed.yield($0) }
        metrics.refused = { refused.yield($0.rawValue) }
        var limits = WebSocketLimits()
        limits.maxConnectionsPerAddress = 1
        try await WebSocketTestServer.run(EchoEndpoint(), limits: limits, metrics: metrics) { server in
            let first = try await Raw.open(port: server.port)
            let second = try await Raw(port: server.port)
            try await second.send(Raw.upgrade("/echo"))
            let refusal = try #require(await second.response())
            #expect(refusal.hasPrefix("HTTP/1.1 503 "))
            #expect(refusal.contains("\"code\":\"overloaded\""))
            #expect(refusal.contains("Retry-After: "))
            var code = refusals.makeAsyncIterator()
            #expect(await code.next() == "overloaded")
            try await first.close()
            var gone = closes.makeAsyncIterator()
            _ = await gone.next()
            // A place is held only by what is upgraded.
            try await second.send(Raw.upgrade("/refused") + Raw.upgrade("/nowhere") + Raw.upgrade("/echo"))
            #expect(await second.response()?.hasPrefix("HTTP/1.1 503 ") == true)
            #expect(await second.response()?.hasPrefix("HTTP/1.1 404 ") == true)
            #expect(await second.response()?.hasPrefix("HTTP/1.1 101 ") == true)
        }
    }

    @Test func foreignPagesAreRefusedOverHTTPAndWebSocket() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.upgrade("/echo", "Origin: http://evil.example"))
            #expect(await connection.response()?.contains("forbidden-origin") == true)
            try await connection.send(Raw.get("/health", "Origin: http://evil.example"))
            #expect(await connection.response()?.contains("forbidden-origin") == true)
            try await connection.send("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            let response = try #require(await connection.response())
            #expect(response.hasPrefix("HTTP/1.1 403 "))
            #expect(response.contains("forbidden-host"))
        }
    }

    @Test func aTokenIsNeededAndNeverRepeated() async throws {
        let access = try AccessGuard(listenAddress: "0.0.0.0", token: .init("s3cret"))
        try await WebSocketTestServer.run(EchoEndpoint(), access: access) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.upgrade("/echo"))
            let refusal = try #require(await connection.response())
            #expect(refusal.hasPrefix("HTTP/1.1 401 "))
            #expect(refusal.contains("WWW-Authenticate: Bearer"))
            try await connection.send(Raw.get("/health"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 200 ") == true)
            try await connection.send(Raw.get("/id"))
            #expect(await connection.response()?.hasPrefix("HTTP/1.1 401 ") == true)
            // “s3cret” in base64url.
            try await connection.send(Raw.upgrade("/echo", "Sec-WebSocket-Protocol: mynah.v1, mynah.token.czNjcmV0"))
            let accepted = try #require(await connection.response())
            #expect(accepted.hasPrefix("HTTP/1.1 101 "))
            #expect(accepted.contains("Sec-WebSocket-Protocol: mynah.v1\r\n"))
            #expect(!accepted.contains("czNjcmV0"))
        }
    }

    // MARK: - Problems

    @Test func everyErrorIsAProblemWithTheRequestsID() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            let expected = [
                ("GET /nothing", "404", "not-found"), ("GET /broken", "500", "internal-error"),
                ("GET /unready", "503", "not-ready"),
                ("POST /picky", "400", "invalid-parameter"), ("POST /nopost", "405", "method-not-allowed"),
            ]
            for (request, status, code) in expected {
                try await connection.send(
                    "\(request) HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: id.7\r\nContent-Length: 0\r\n\r\n")
                let response = try #require(await connection.response())
                #expect(response.hasPrefix("HTTP/1.1 \(status) "), "\(request)")
                #expect(response.contains("\"code\":\"\(code)\""))
                #expect(response.contains("X-Request-ID: id.7\r\n"))
                #expect(response.contains("\"request_id\":\"id.7\""))
            }
            try await connection.send("POST /picky HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345")
            #expect(await connection.response()?.contains("\"code\":\"too-large\"") == true)
        }
    }

    @Test func aServersFaultIsLoggedUnderTheRequestsID() async throws {
        let log = LogRecorder()
        try await WebSocketTestServer.run(EchoEndpoint(), log: log) { server in
            let connection = try await Raw(port: server.port)
            try await connection.send(Raw.get("/broken", "X-Request-ID: b1") + Raw.get("/unready", "X-Request-ID: u1"))
            for _ in 1...2 { _ = await connection.response() }
            try await connection.send(Raw.get("/nothing", "X-Request-ID: n1"))
            _ = await connection.response()
        }
        let failures = log.lines
        #expect(failures.map { $0["request_id"] } == ["b1", "u1"])
        #expect(failures.map { $0["code"] } == ["internal-error", "not-ready"])
        #expect(failures.map { $0["error"] } == ["Broken()", "Warming up."])
    }

    @Test func aRequestIDIsMadeWhenThereIsNoneOrAnUnsafeOne() async throws {
        try await WebSocketTestServer.run(EchoEndpoint()) { server in
            let connection = try await Raw(port: server.port)
            for field in ["X-Other: 1", "X-Request-ID: forged\" line", "X-Request-ID: \(String(repeating: "a", count: 129))"] {
                try await connection.send(Raw.get("/id", field))
                let response = try #require(await connection.response())
                let body = try #require(response.split(separator: "\r\n\r\n").last)
                #expect(body.hasPrefix("req_") && body.count == 36)
                #expect(response.contains("X-Request-ID: \(body)\r\n"))
            }
        }
    }
}
