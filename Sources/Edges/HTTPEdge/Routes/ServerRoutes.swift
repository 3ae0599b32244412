import Foundation
public import Hummingbird
import Failover
import HTTPTypes
import NIOCore
public import SpeechModel
public import Telemetry
import Web
import WireProtocol

/// Everything that is served over plain HTTP: the pages, health, metrics, status, and the reference.
public struct ServerRoutes: Sendable {
    private let status: @Sendable () -> ServerStatus
    private let feed: @Sendable () -> [FeedOutlet]
    private let metrics: MetricsRegistry
    /// Beyond loopback, what only operators should see is served on a listener of its own.
    private let servesOperators: Bool
    private let handOver: (@Sendable (_ isForced: Bool) async throws -> Int)?
    private let speech: SpeechRoutes?
    private let transcription: TranscriptionRoute?

    /// Makes the routes.
    ///
    /// - Parameters:
    ///   - feed: where results are published, and what was.
    ///   - handOver: lets the other server of a pair answer, or this one if it is the standby; nil for a server by itself.
    ///   - speech: what is spoken here.
    ///   - transcription: reads recordings.
    public init(
        status: @escaping @Sendable () -> ServerStatus, feed: @escaping @Sendable () -> [FeedOutlet] = { [] },
        metrics: MetricsRegistry, servesOperators: Bool, handOver: (@Sendable (_ isForced: Bool) async throws -> Int)? = nil,
        speech: SpeechRoutes? = nil, transcription: TranscriptionRoute? = nil
    ) {
        self.status = status
        self.feed = feed
        self.metrics = metrics
        self.servesOperators = servesOperators
        self.handOver = handOver
        self.speech = speech
        self.transcription = transcription
    }

    /// The folder of the pages and the reference.
    ///
    /// - Throws: ``SpeechError`` with `missing-dependency`.
    public static func pages() throws(SpeechError) -> String {
        if let directory = Web.directory { return directory.path }
        throw SpeechError(
            .missingDependency,
            "The folder mynah_Web.resources with the pages is neither beside the program nor in ../share/mynah.",
            advice: "Copy it from the folder that the program was built in, .build/release.")
    }

    /// A router with the errors, the guard and the routes in their order.
    public func router(access: AccessGuard) -> Router<BasicRequestContext> {
        let router = makeRouter(access: access)
        if servesOperators { addOperators(to: router) }
        addHandOver(to: router)
        speech?.add(to: router)
        transcription?.add(to: router)
        addWebSocketHints(to: router, [FeedEndpoint.path, StreamEndpoint.path])
        addReference(to: router)
        router.get("/") { _, _ in try page("index.html", in: .captions) }
        refuseOtherMethods(on: router)
        return router
    }

    /// The routes of the feed's own listener: the reference and what was published, beside `/stream`.
    public func feedRouter(access: AccessGuard) -> Router<BasicRequestContext> {
        let router = makeRouter(access: access)
        if servesOperators { addStatistics(to: router) }
        addWebSocketHints(to: router, [FeedEndpoint.path])
        addReference(to: router)
        refuseOtherMethods(on: router)
        return router
    }

    private static let handOverPath: RouterPath = "/failover"

    /// The one thing that can be changed: which of two servers answers.
    private func addHandOver(to router: Router<BasicRequestContext>) {
        router.post(Self.handOverPath) { request, _ in
            guard let handOver else {
                throw SpeechError(
                    .notFound, "This server has no standby to hand over to.", advice: "Set failover.peer on both servers.")
            }
            let force = request.uri.queryParameters["force"]
            guard force == nil || force == "true" || force == "false" else {
                throw SpeechError(
                    .invalidParameter, "force is neither true nor false.", advice: "Leave it out, or say force=true.")
            }
            let begun = ContinuousClock.now
            let term = try await handOver(force == "true")
            let milliseconds = (ContinuousClock.now - begun) / .milliseconds(1)
            return json {
                $0.field("term", term)
                $0.field("role", status().pipeline.role.rawValue)
                $0.field("took_ms", milliseconds)
            }
        }
    }

    /// Nearly everything here is read: what is to be changed gets an answer that says so, and not that the path does not exist.
    private func refuseOtherMethods(on router: Router<BasicRequestContext>) {
        let served = router.routes
        let posts = [Self.handOverPath, RouterPath(SpeechRoutes.path), RouterPath(TranscriptionRoute.path)]
        for path in served.map(\.path) {
            for method: HTTPRequest.Method in [.get, .post, .put, .patch, .delete]
            where !served.contains(where: { $0.path == path && $0.method == method }) {
                router.on(path, method: method) { _, _ -> Response in
                    throw HTTPError(.methodNotAllowed, headers: [.allow: posts.contains(path) ? "POST" : "GET, HEAD"])
                }
            }
        }
    }

    /// The routes for `server.metrics_listen`: a scraper's, without a token.
    public func operatorsRouter() -> Router<BasicRequestContext> {
        let router = makeRouter(access: nil)
        addOperators(to: router)
        refuseOtherMethods(on: router)
        return router
    }

    /// What every listener has: errors, the guard unless it is a scraper's, and the probes.
    private func makeRouter(access: AccessGuard?) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware())
        if let access { router.add(middleware: AccessMiddleware(access)) }
        addProbes(to: router)
        return router
    }

    private func addProbes(to router: Router<BasicRequestContext>) {
        router.get("/livez") { _, _ in json { $0.field("status", "ok") } }
        router.get("/readyz") { _, _ in
            let (readiness, reason) = status().readiness
            return json(readiness == .ready ? .ok : .serviceUnavailable) {
                $0.field("status", readiness.rawValue)
                $0.field("reason", reason)
            }
        }
        router.get("/health") { _, _ in
            let now = status()
            func state(_ isHealthy: Bool) -> String { isHealthy ? "healthy" : "degraded" }
            return json {
                $0.field("status", state(now.isReady && now.pair?.leader != .nobody))
                $0.field("version", now.version)
                $0.field("uptime_seconds", now.pipeline.uptimeSeconds)
                $0.object("components") {
                    $0.field("asr", state(now.isReady))
                    $0.field("failover", now.pair.map { state($0.leader != .nobody) })
                }
            }
        }
    }

    private func addOperators(to router: Router<BasicRequestContext>) {
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: MetricsRegistry.contentType],
                body: .init(byteBuffer: ByteBuffer(string: metrics.exposition())))
        }
        router.get("/status") { _, _ in
            let now = status()
            return json {
                now.pipeline.write(to: &$0)
                $0.field("version", now.version)
                $0.field("engine", now.engine)
                $0.field("model", now.model)
                $0.field("sessions", now.sessions)
                $0.field("connections", now.connections)
                $0.object("decoders") {
                    $0.field("ready", now.decodersReady)
                    $0.field("busy", now.decodersBusy)
                    $0.field("capacity", now.decodersCapacity)
                }
                $0.field("utterances_waiting", now.utterancesWaiting)
                $0.field("worker_restarts", now.workerRestarts)
                $0.object("resilience") {
                    $0.field("circuit_breaker", now.resilience.circuitBreaker)
                    $0.field("fallback", now.resilience.fallback)
                    $0.array("fallbacks", now.resilience.fallbacks) { json, fallback in
                        json.object {
                            $0.field("engine", fallback.engine)
                            $0.field("circuit_breaker", fallback.circuitBreaker)
                            $0.field("started", fallback.isStarted)
                            $0.field("finals", fallback.finals)
                        }
                    }
                    $0.field("stuck_stages", now.resilience.stuckStages)
                    $0.field("sessions_refused", now.resilience.sessionsRefused)
                }
                $0.array("sources", now.sources) { json, source in
                    json.object {
                        $0.field("name", source.name)
                        $0.field("state", source.state.rawValue)
                        $0.field("reason", source.reason)
                    }
                }
                if let pair = now.pair { $0.object("failover") { pair.write(to: &$0) } }
            }
        }
        addStatistics(to: router)
    }

    private func addStatistics(to router: Router<BasicRequestContext>) {
        router.get("/stats") { _, _ in
            let now = status()
            return json {
                $0.object("status") { now.pipeline.write(to: &$0) }
                $0.object("feed") {
                    $0.field("transcripts", now.feed.transcripts)
                    $0.field("events", now.feed.events)
                    $0.field("subscribers", now.feed.subscribers)
                    $0.field("messages_waiting", now.feed.waiting)
                    $0.field("history_finals", now.feed.historyFinals)
                    $0.field("history_bytes", now.feed.historyBytes)
                }
                $0.object("publishers") { json in
                    for outlet in feed() { json.object(outlet.name) { outlet.write(to: &$0) } }
                }
            }
        }
    }

    /// What is only for WebSockets says so to whoever comes without.
    private func addWebSocketHints(to router: Router<BasicRequestContext>, _ paths: [String]) {
        for path in paths {
            router.get(RouterPath(path)) { _, _ -> Response in
                throw SpeechError(
                    .unexpectedMessage, "\(path) is a WebSocket, and this request does not ask for one.",
                    advice: "Connect to ws://…\(path) with a WebSocket client.")
            }
        }
    }

    private func addReference(to router: Router<BasicRequestContext>) {
        let document = Reference.openAPI(version: status().version)
        router.get("/openapi.json") { _, _ in
            guard let document else { throw Self.missing }
            return Response(
                status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-cache"],
                body: .init(byteBuffer: ByteBuffer(string: document)))
        }
        for schema in MessageSchema.all {
            let text = schema.text
            router.get("/schemas/\(schema.name).json") { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "application/schema+json", .cacheControl: "no-cache"],
                    body: .init(byteBuffer: ByteBuffer(string: text)))
            }
        }
        router.get("/schemas") { _, _ in schemaList() }
        router.get("/docs") { _, _ in try page("reference.html", in: .reference) }
        router.get("/redoc") { _, _ in try page("reference.html", in: .reference) }
        // What both pages are made of.
        router.get("/captions/:file") { _, context in try page(context.parameters.get("file") ?? "", in: .captions) }
        router.get("/reference/:file") { _, context in try page(context.parameters.get("file") ?? "", in: .reference) }
        // Where the `type` of a problem points; browsers keep the code behind the `#`.
        router.get("/docs/errors") { _, _ in Response.redirect(to: "/docs", type: .permanent) }
    }

    private func schemaList() -> Response {
        json {
            $0.array("schemas", MessageSchema.all) { json, schema in
                json.object {
                    $0.field("name", schema.name)
                    $0.field("path", "/schemas/\(schema.name).json")
                }
            }
        }
    }

    /// The page may talk to its own server only.
    private static let policy = "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'"

    private static let missing = SpeechError(
        .notFound, "There is no file of that name.", advice: "The captions page is at /, the reference at /docs.")

    private func page(_ name: String, in folder: Web.Folder) throws -> Response {
        guard let file = Web.file(name, in: folder) else { throw Self.missing }
        let type =
            switch name.split(separator: ".").last {
            case "html": "text/html; charset=utf-8"
            case "css": "text/css; charset=utf-8"
            case "js": "text/javascript; charset=utf-8"
            case "svg": "image/svg+xml"
            case "json": "application/json"
            default: "application/octet-stream"
            }
        return Response(
            status: .ok,
            headers: [
                .contentType: type, .contentSecurityPolicy: Self.policy, .xContentTypeOptions: "nosniff",
                .cacheControl: "no-cache",
            ], body: .init(byteBuffer: ByteBuffer(bytes: file)))
    }
}

extension FailoverStatus {
    fileprivate func write(to json: inout JSONText) {
        json.field("role", role.rawValue)
        json.field("term", term)
        json.field("in_sync", isInSync)
        json.field("peer_version", peerVersion)
        json.field("heartbeat_age_ms", heartbeatAgeMS)
        json.field("lease_remaining_ms", leaseRemainingMS)
        json.field("unacknowledged_records", outstandingRecords)
        json.field("arbiter_answers", isArbiterAnswering)
        json.field("leader", leader.rawValue)
    }
}

private func json(_ status: HTTPResponse.Status = .ok, _ fields: (inout JSONText) -> Void) -> Response {
    var text = JSONText()
    text.object(fields)
    return Response(
        status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
        body: .init(byteBuffer: ByteBuffer(string: text.text)))
}
