import HTTPEdge
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SpeechModel
import Synchronization

/// A real server whose WebSockets do what a test tells them.
struct ScriptedServer {
    /// What one connection does with what it receives: a text, or audio as `n bytes`.
    typealias Script = @Sendable (_ received: String, _ connection: WebSocketConnection) -> Void

    let port: Int

    /// Runs a server whose first WebSocket follows the first script, and so on, the last one again and again; then `body`.
    static func run(_ scripts: [Script], token: String? = nil, _ body: @Sendable (ScriptedServer) async throws -> Void)
        async throws
    {
        let access = try AccessGuard(listenAddress: "127.0.0.1", token: token.map { Sensitive($0) })
        var limits = WebSocketLimits()
        limits.closeTimeout = .milliseconds(100)
        let router = Router()
        router.get("/health") { _, _ in "healthy" }
        router.get("/large") { _, _ in ByteBuffer(repeating: 0, count: 9 << 20) }
        router.get("/silent") { _, _ in
            await cancelWhenGracefulShutdown { try? await Task.sleep(for: .seconds(3600)) }
            return ""
        }
        let (started, hasStarted) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let application = Application(
            router: router,
            server: .httpAndWebSockets(WebSocketSettings(endpoint: Endpoint(scripts: scripts), access: access, limits: limits)),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { hasStarted.yield($0.localAddress?.port ?? 0) }, eventLoopGroupProvider: .singleton, logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: application)], gracefulShutdownSignals: [], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = started.makeAsyncIterator()
            try await body(ScriptedServer(port: await ports.next() ?? 0))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private final class Endpoint: WebSocketEndpoint {
        private let scripts: [Script]
        private let next = Mutex(0)

        init(scripts: [Script]) { self.scripts = scripts }

        func decide(_ request: UpgradeRequest) -> UpgradeDecision? {
            guard request.path == "/stream" else { return nil }
            let index = next.withLock { next in
                next += 1
                return next - 1
            }
            return .accept(Actor(script: scripts[min(index, scripts.count - 1)]))
        }
    }

    private final class Actor: WebSocketHandler {
        private let script: Script
        init(script: @escaping Script) { self.script = script }
        func opened(_ connection: WebSocketConnection) { script("opened", connection) }
        func received(text: String, on connection: WebSocketConnection) { script(text, connection) }
        func received(binary: ByteBuffer, on connection: WebSocketConnection) {
            script("\(binary.readableBytes) bytes", connection)
        }
        func closed(code: Int) {}
    }
}
