import Application
import AudioFiles
import Failover
import Foundation
import HTTPEdge
import Hummingbird
import Lanes
public import Logging
public import MynahConfiguration
import NIOCore
import NIOPosix
import PipelineFeed
import PocketSphinxEngine
import Ports
import Resilience
import ServiceLifecycle
public import SpeechModel
import SpeechPipeline
import Synchronization
import Telemetry
import UnixSignals
import WireProtocol
import Workers

/// The object graph of `mynah serve`.
public struct Server: Sendable {
    /// The program's version.
    public static let version = "0.1.0"

    private let configuration: Configuration
    let logger: Logger
    private let workerCommand: [String]?
    private let reload: ConfigurationReload.Source?

    /// Makes a server; nothing runs until ``run(onReady:)``.
    ///
    /// - Parameters:
    ///   - workerCommand: the program that is run for worker processes, and its arguments; nil for this one.
    ///   - reload: where a newer configuration comes from at SIGHUP; nil when it is not to be looked for.
    public init(
        configuration: Configuration, logger: Logger, workerCommand: [String]? = nil, reload: ConfigurationReload.Source? = nil
    ) {
        self.configuration = configuration
        self.logger = logger
        self.workerCommand = workerCommand
        self.reload = reload
    }

    /// The folder of the pages that are served.
    ///
    /// - Throws: ``ErrorCode/missingDependency``.
    public static func pages() throws(SpeechError) -> String { try ServerRoutes.pages() }

    /// Serves until SIGTERM, SIGINT or cancellation of the task's graceful shutdown.
    ///
    /// - Parameter onReady: called once with the port, when the models are warm.
    /// - Throws: ``ErrorCode/portInUse``, ``ErrorCode/brokenModel`` …
    public func run(onReady: @escaping @Sendable (_ port: Int) async -> Void = { _ in }) async throws {
        let settings = configuration.settings
        _ = try Self.pages()
        let listen = settings.server.listen
        let access = try Self.access(settings)
        let models = ModelFiles.locate(settings)
        let faults = try FaultPlan.from(ProcessInfo.processInfo.environment)
        if let faults {
            logger.critical("FAULTS ARE INJECTED on purpose: this is no server for people", metadata: ["plan": "\(faults)"])
        }
        let metrics = MetricsRegistry()
        let counting = RecognitionMetrics(in: metrics)
        let model = try Recognition.usable(settings, models: models, logger: logger)
        let main = try Recognition.make(
            model, mode: .live, settings: settings, command: workerCommand, metrics: counting, logger: logger)
        let fallbacks = try Recognition.fallbacks(behind: model, settings, models: models, metrics: counting, logger: logger)
        let started = ContinuousClock.now
        let isReady = Readiness()

        metrics.registerProcessMetrics(version: Self.version)
        let makeDetector = faults.spoiling(try Recognition.detectors(settings, models: models))
        let pair = try ServerPair(settings.failover, version: Self.version, model: main.identity.model)
        let publishing = try Publishing(settings, version: Self.version, reign: pair ?? SoleReign())
        let admission = Admission(limitMS: settings.resilience.overloadLagMS, clock: SystemClock())
        // A remote engine has one model.
        let live = try (main as? WorkerPool).map { pool throws(SpeechError) in
            try LiveModels(pool, settings: settings, builtIn: models, metrics: counting, logger: logger)
        }
        let identity: @Sendable () -> RecognizerIdentity = { live?.models.identity ?? main.identity }
        let recognizer = Recognition.guarding(
            live?.models ?? main, fallbacks: fallbacks, settings: settings, faults: faults, admission: admission,
            feed: publishing.hub, logger: logger)
        let comparer = try TaskModels.comparer(settings, logger: logger)
        let punctuator = try TaskModels.punctuator(settings, language: settings.language.default, logger: logger)
        let keywords = Recognition.keywordModel(settings, logger: logger)
        let listening = PhraseRouting(
            recognizer, isMainDeaf: { keywords != nil || identity().engine != Recognition.builtInEngine },
            startsAtOnce: settings.wakeword.enabled, clock: SystemClock(),
            spotter: { [logger] in
                try Recognition.makeSpotter(
                    keywords, settings: settings, models: models, metrics: counting, logger: logger)
            },
            report: { [logger] result in
                switch result {
                case .success:
                    logger.notice(
                        "another model listens for wake words", metadata: ["model": "\(keywords?.name ?? models.name)"])
                case .failure(let error): logger.error("nothing listens for wake words", metadata: ["reason": "\(error)"])
                }
            })
        let sessionMetrics = SessionMetrics(registry: metrics)
        let refined = FinalRefinement(listening, voices: comparer, punctuator: punctuator)
        let registry = SessionRegistry(
            services: SessionServices(
                recognizer: refined, models: live?.models,
                makeDetector: makeDetector, clock: SystemClock(), metrics: sessionMetrics,
                feed: publishing.hub,
                annotate: faults.spoiling(try Publishing.annotator(settings, models: models)),
                language: settings.language.default, frameMS: settings.audio.frameMS, replication: pair, admission: admission,
                speakerThreshold: comparer == nil ? nil : settings.speakers.threshold),
            lanes: min(4, ProcessInfo.processInfo.activeProcessorCount),
            policy: try SessionRegistry.Policy(settings, models: models))
        registry.watch(limitMS: settings.resilience.watchdogTimeoutMS) { [logger] stuck in
            logger.error(
                "a stage does not come back; its session is given up, and the others go on",
                metadata: ["stage": "\(stuck.stage.rawValue)", "session_id": "\(stuck.session)", "source": "\(stuck.name)"])
        }

        try Self.checkLanguage(settings, main)
        if pair != nil { registry.close(ServerPair.notPrimary) }
        let voices = try Synthesis.make(settings, usage: counting.remote, logger: logger)
        let transcription = TranscriptionRoute(
            recognizer: refined, models: live?.models ?? SoleModel(main.identity), makeDetector: makeDetector,
            pipeline: Recognition.pipelineConfiguration(settings),
            decoding: DecoderSettings(selfExecutable: executablePath()),
            atOnce: max(1, ProcessInfo.processInfo.activeProcessorCount / 4))
        let stop: @Sendable () async -> Void = {
            await transcription.stop()
            await voices.stop()
            await comparer?.stop()
            await punctuator?.stop()
            await listening.stop()
            await publishing.stop()
            await pair?.stop()
        }
        let capture = try Capture(
            settings, models: models, registry: registry, feed: publishing.hub, metrics: sessionMetrics, logger: logger)
        var limits = WebSocketLimits()
        limits.maxConnections = settings.server.maxConnections
        limits.maxConnectionsPerAddress = settings.server.maxConnectionsPerAddress
        limits.drainTimeout = .seconds(Int64(settings.server.drainTimeoutSeconds))
        limits.idleTimeout = .seconds(Int64(settings.server.idleTimeoutSeconds))
        let use = ProcessUse()
        let uptime: @Sendable () -> Double = { (ContinuousClock.now - started) / .seconds(1) }
        let isHealthy: @Sendable () -> Bool = { isReady.value && recognizer.load.ready > 0 }
        let pipelineStatus: @Sendable (FeedStatistics) -> StatusMessage = { feed in
            StatusMessage(
                state: publishing.hub.state(of: capture.session), uptimeSeconds: uptime(), isHealthy: isHealthy(),
                role: pair?.role ?? .primary,
                framesProcessed: registry.framesProcessed,
                transcriptsCompleted: feed.transcripts, averageLatencyMS: feed.averageLatencyMS,
                bufferUtilization: max(registry.inboxUtilization, capture.utilization),
                queueSizes: ["utterances": recognizer.load.waiting, "stream_messages": feed.waiting].merging(
                    publishing.outlets.map { ("\($0.name)", $0.queued) }
                ) { $1 },
                totalErrors: feed.errors, errorRatePerHour: Double(feed.errorsOfLastHour),
                cpuUsagePercent: use.cpuPercent, memoryUsageMB: Double(use.memoryBytes) / 1_048_576,
                lastTranscriptTime: feed.lastTranscriptTime,
                statusTimestamp: Date().timeIntervalSince1970)
        }
        let feedEndpoint = FeedEndpoint(
            hub: publishing.hub, status: { pipelineStatus(publishing.hub.statistics) }, uptime: uptime)
        let webSockets = WebSocketSettings(
            endpoint: WebSocketEndpoints([StreamEndpoint(registry: registry), feedEndpoint]),
            access: access, limits: limits)
        let feedSockets = WebSocketSettings(endpoint: feedEndpoint, access: access, limits: limits)
        let connections: @Sendable () -> Int = { webSockets.connectionCount + feedSockets.connectionCount }
        register(
            metrics, workers: { live?.models.statistics ?? WorkerPool.Statistics() }, recognizer: recognizer,
            registry: registry, capture: capture, connections: connections)
        metrics.gauge("container_health_status", help: "Whether the server is ready: 1, else 0.") { isHealthy() ? 1 : 0 }

        var handOver: (@Sendable (Bool) async throws -> Int)?
        if let pair { handOver = { isForced in try await pair.handOver(isForced: isForced) } }
        let routes = ServerRoutes(
            status: {
                let load = recognizer.load
                let feed = publishing.hub.statistics
                return ServerStatus(
                    pipeline: pipelineStatus(feed), feed: feed,
                    notReadyBecause: isReady.value ? (load.ready > 0 ? nil : "no decoder is alive") : "models are loading",
                    pair: pair?.status, sources: capture.statuses,
                    version: Self.version, engine: identity().engine, model: identity().model, sessions: registry.count,
                    connections: connections(), decodersReady: load.ready, decodersBusy: load.busy,
                    decodersCapacity: load.capacity, utterancesWaiting: load.waiting,
                    workerRestarts: live.map { $0.models.statistics.crashes + $0.models.statistics.hangs } ?? 0,
                    resilience: ResilienceStatus(
                        circuitBreaker: recognizer.state.rawValue,
                        fallback: recognizer.isFallbackStarted.map { $0 ? "started" : "idle" } ?? "none",
                        fallbacks: recognizer.standings.map {
                            ResilienceStatus.Fallback(
                                engine: $0.name, circuitBreaker: $0.state.rawValue, isStarted: $0.isStarted, finals: $0.finals)
                        },
                        stuckStages: registry.stuckStages, sessionsRefused: registry.refusedSessions))
            }, feed: { publishing.outlets }, metrics: metrics, servesOperators: listen.isLoopback,
            handOver: handOver,
            speech: SpeechRoutes(synthesizer: voices, encoding: DecoderSettings(selfExecutable: executablePath())),
            transcription: transcription)

        let feedListen = settings.output.enabled ? ListenAddress(host: listen.host, port: settings.output.websocketPort) : nil
        logger.info(
            "mynah starts",
            metadata: [
                "version": "\(Self.version)", "configuration": "\(configuration.hash)", "engine": "\(main.identity.engine)",
                "model": "\(main.identity.model)", "decoders": "\(main.load.capacity)", "listen": "\(listen.host):\(listen.port)",
                "zeromq": "\(publishing.endpoints)", "stream": "\(feedListen.map { "\($0.host):\($0.port)" } ?? "")",
            ])
        try checkPort(listen, setting: "server.listen")
        if let feedListen { try checkPort(feedListen, setting: "output.websocket_port") }
        if let metricsListen = settings.server.metricsListen { try checkPort(metricsListen, setting: "server.metrics_listen") }
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { loop.execute { makeThisThreadUrgent() } }
        publishing.start()
        // From now on: while models load the signal would end the process.
        let hangups = reload == nil ? nil : await UnixSignalsSequence(trapping: .sighup)
        let warming = ContinuousClock.now
        do {
            try await listening.start()
        } catch {
            await stop()
            throw error
        }
        let warm = ContinuousClock.now - warming
        do {
            try await comparer?.start()
        } catch {
            logger.error("the model of speakers cannot be used; results do not say who speaks", metadata: ["reason": "\(error)"])
        }
        do {
            try await punctuator?.start()
        } catch {
            logger.error("the model of punctuation cannot be used; results have none", metadata: ["reason": "\(error)"])
        }
        logger.info("models are warm", metadata: ["model": "\(main.identity.model)", "took": "\(warm)"])
        isReady.value = true
        if let pair {
            pair.start(duties(in: pair, publishing: publishing, registry: registry, capture: capture, metrics: metrics))
        } else {
            capture.begin()
        }

        var services: [any Service] = [
            Application(
                router: routes.router(access: access), server: .httpAndWebSockets(webSockets),
                configuration: .init(address: .hostname(listen.host, port: listen.port), serverName: "mynah"),
                onServerRunning: { channel in await onReady(channel.localAddress?.port ?? listen.port) },
                eventLoopGroupProvider: .singleton, logger: logger),
            Sweeper(registry: registry, hub: publishing.hub, models: live, logger: logger), capture,
        ]
        // Stops first: whoever is being heard goes on at the other server.
        if let pair { services.append(Yielding(pair: pair)) }
        if let reload, let hangups {
            services.append(
                ConfigurationReload(
                    reload, signals: hangups, running: configuration, registry: registry, models: models, feed: publishing.hub,
                    metrics: metrics,
                    logger: logger))
        }
        if let feedListen {
            // Services stop in the reverse order: subscribers stay until the last final.
            services.insert(
                Application(
                    router: routes.feedRouter(access: access), server: .httpAndWebSockets(feedSockets),
                    configuration: .init(address: .hostname(feedListen.host, port: feedListen.port), serverName: "mynah"),
                    eventLoopGroupProvider: .singleton, logger: logger), at: 0)
        }
        if let operators = settings.server.metricsListen {
            services.append(
                Application(
                    router: routes.operatorsRouter(),
                    configuration: .init(address: .hostname(operators.host, port: operators.port)),
                    logger: logger))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            await stop()
            throw explained(error, listen, setting: "server.listen")
        }
        await stop()
        logger.info("mynah stopped")
    }
}
