// swift-tools-version: 6.3
import PackageDescription

// Every version is pinned here and nowhere else. Native libraries come from `Scripts/setup` into `.native/`.
let native = "\(Context.packageDirectory)/.native/prefix"

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Signal processing is 15–480 times slower unoptimised, so it is optimised in debug builds too, and so is what is simulated for hours of
// its time: tests stay quick.
let fast: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

// The native libraries are found beside the executable when installed, else where setup built them.
let runPath: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/../lib", "-Xlinker", "-rpath", "-Xlinker", "\(native)/lib"])
]

let package = Package(
    name: "mynah",
    products: [
        .executable(name: "mynah", targets: ["mynah"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // The words of the field, and the pure state machine
        .target(name: "SpeechModel", swiftSettings: strict),
        .target(name: "SpeechPipeline", dependencies: ["SpeechModel"], swiftSettings: fast),

        // What the use cases ask of the world, and the use cases
        .target(name: "Ports", dependencies: ["SpeechModel"], swiftSettings: strict),
        .target(
            name: "Application",
            dependencies: [
                "Lanes", "PipelineFeed", "Ports", "Resilience", "SessionMirror", "SpeechModel", "SpeechPipeline", "Telemetry",
            ],
            swiftSettings: strict),

        // Beside the layers
        .target(name: "Lanes", swiftSettings: strict),
        .target(name: "Failover", dependencies: ["Lanes", "SpeechModel"], swiftSettings: fast),
        .target(name: "ModelLibrary", dependencies: ["SpeechModel"], swiftSettings: strict),
        .target(name: "TextAnalysis", dependencies: ["SpeechModel"], swiftSettings: strict),
        .target(name: "PipelineFeed", dependencies: ["SpeechModel", "TextAnalysis"], swiftSettings: strict),
        .target(name: "Resilience", dependencies: ["Ports", "SpeechModel"], swiftSettings: strict),
        .target(name: "SessionMirror", dependencies: ["SpeechModel"], swiftSettings: strict),
        .target(
            name: "Telemetry",
            dependencies: ["SpeechModel", .product(name: "Logging", package: "swift-log")], swiftSettings: strict),
        .target(name: "WireProtocol", dependencies: ["SpeechModel"], swiftSettings: strict),

        // Files from elsewhere: downloaded, unpacked
        .systemLibrary(name: "CArchive", path: "Sources/Archives/CArchive", pkgConfig: "libarchive"),
        .target(
            name: "Archives", dependencies: ["CArchive", "SpeechModel"], path: "Sources/Archives/Archives", swiftSettings: strict),
        .target(
            name: "Downloads",
            dependencies: [
                "SpeechModel",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),

        // Engines: one native library each
        .systemLibrary(name: "CFlite", path: "Sources/Engines/CFlite"),
        .systemLibrary(name: "CPocketSphinx", path: "Sources/Engines/CPocketSphinx", pkgConfig: "pocketsphinx"),
        .systemLibrary(name: "CRNNoise", path: "Sources/Engines/CRNNoise", pkgConfig: "rnnoise"),
        .systemLibrary(name: "CSherpaOnnx", path: "Sources/Engines/CSherpaOnnx", pkgConfig: "sherpa-onnx"),
        .target(name: "CWorkers", path: "Sources/Workers/CWorkers"),
        .target(
            name: "Workers", dependencies: ["CWorkers", "Lanes", "Ports", "SpeechModel", "Telemetry", "TextAnalysis"],
            path: "Sources/Workers/Workers", swiftSettings: strict),
        .target(
            name: "EspeakEngine", dependencies: ["Ports", "SpeechModel"], path: "Sources/Engines/EspeakEngine",
            swiftSettings: strict),
        .target(
            name: "FliteEngine", dependencies: ["CFlite", "SpeechModel", "Workers"], path: "Sources/Engines/FliteEngine",
            swiftSettings: strict),
        .target(
            name: "OpenAIEngine",
            dependencies: [
                "AudioFiles", "Ports", "SpeechModel", "Telemetry",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Sources/Engines/OpenAIEngine", swiftSettings: strict),
        .target(
            name: "PocketSphinxEngine", dependencies: ["CPocketSphinx", "Lanes", "Ports", "SpeechModel", "Workers"],
            path: "Sources/Engines/PocketSphinxEngine", swiftSettings: strict),
        .target(
            name: "RNNoiseEngine", dependencies: ["CRNNoise", "SpeechModel", "SpeechPipeline", "Workers"],
            path: "Sources/Engines/RNNoiseEngine", swiftSettings: strict),
        .target(
            name: "CMatrices", path: "Sources/Engines/CMatrices",
            cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
        .target(
            name: "SileroEngine", dependencies: ["CMatrices", "ModelLibrary", "SpeechModel", "SpeechPipeline"],
            path: "Sources/Engines/SileroEngine",
            swiftSettings: fast),
        .target(
            name: "SherpaEngine",
            dependencies: ["CSherpaOnnx", "ModelLibrary", "Ports", "SpeechModel", "Workers"],
            path: "Sources/Engines/SherpaEngine", swiftSettings: strict),

        // Edges: decode, authorise, call a use case, encode
        .target(
            name: "HTTPEdge",
            dependencies: [
                "Application", "AudioFiles", "Failover", "PipelineFeed", "Ports", "SpeechModel", "SpeechPipeline", "Telemetry",
                "TranscriptFormats", "Web",
                "WireProtocol",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Edges/HTTPEdge", swiftSettings: strict),
        .systemLibrary(name: "CALSA", path: "Sources/Edges/CALSA", pkgConfig: "alsa"),
        .target(
            name: "CaptureEdge", dependencies: ["AudioFiles", "CALSA", "Lanes", "SpeechModel", "SpeechPipeline"],
            path: "Sources/Edges/CaptureEdge", swiftSettings: strict),
        .systemLibrary(name: "CZeroMQ", path: "Sources/Edges/CZeroMQ"),
        .target(
            name: "ZMQEdge", dependencies: ["CZeroMQ", "Failover", "Lanes", "SpeechModel"], path: "Sources/Edges/ZMQEdge",
            swiftSettings: strict),
        .target(name: "Web", path: "Web", resources: [.copy("captions"), .copy("reference")], swiftSettings: strict),

        // Files in, transcripts out
        .target(name: "CConfinement"),
        .target(name: "AudioFiles", dependencies: ["CConfinement", "SpeechModel", "SpeechPipeline"], swiftSettings: strict),
        .target(name: "TranscriptFormats", dependencies: ["SpeechModel"], swiftSettings: strict),

        // Configuration, the client library, the object graph and the program
        .target(
            name: "MynahConfiguration", dependencies: ["SpeechModel", .product(name: "Yams", package: "Yams")],
            path: "Sources/Configuration", swiftSettings: strict),
        .target(
            name: "MynahClient",
            dependencies: [
                "SpeechModel", "WireProtocol",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            path: "Sources/Client", swiftSettings: strict),
        .target(
            name: "Assembly",
            dependencies: [
                "Application", "AudioFiles", "CaptureEdge", "EspeakEngine", "Failover", "FliteEngine", "HTTPEdge", "Lanes",
                "ModelLibrary",
                "MynahConfiguration", "OpenAIEngine", "PipelineFeed", "PocketSphinxEngine",
                "Ports", "Resilience", "RNNoiseEngine", "SessionMirror", "SherpaEngine", "SileroEngine", "SpeechModel",
                "SpeechPipeline",
                "Telemetry",
                "TextAnalysis",
                "WireProtocol", "Workers", "ZMQEdge",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "mynah",
            dependencies: [
                "Application", "Archives", "Assembly", "AudioFiles", "CaptureEdge", "Downloads", "Failover", "Lanes",
                "ModelLibrary",
                "MynahClient", "MynahConfiguration", "PocketSphinxEngine",
                "Ports",
                "SpeechModel", "SpeechPipeline", "Telemetry", "TranscriptFormats", "WireProtocol", "Workers", "ZMQEdge",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/mynah/Program", swiftSettings: strict, linkerSettings: runPath),

        // Benchmarks (`make bench`): the program's promises, measured
        .executableTarget(
            name: "bench",
            dependencies: [
                "Assembly", "CZeroMQ", "Lanes", "MynahClient", "MynahConfiguration", "PocketSphinxEngine", "RNNoiseEngine",
                "SpeechModel", "SpeechPipeline", "TextAnalysis", "WireProtocol", "Workers", "ZMQEdge",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Benchmarks", swiftSettings: strict, linkerSettings: runPath),

        // Tests
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .target(
            name: "ArbiterContract", dependencies: ["Failover", "Lanes", "SpeechModel"], path: "Tests/ArbiterContract",
            swiftSettings: strict),
        .executableTarget(
            name: "FailoverHelper", dependencies: ["Failover", "Lanes", "SpeechModel", "ZMQEdge"], path: "Tests/FailoverHelper",
            swiftSettings: strict),
        .executableTarget(
            name: "ConfinementHelper", dependencies: ["AudioFiles"], path: "Tests/ConfinementHelper", swiftSettings: strict),
        .testTarget(name: "SpeechModelTests", dependencies: ["SpeechModel"], swiftSettings: strict),
        .testTarget(
            name: "SpeechPipelineTests", dependencies: ["CAllocationCounter", "SpeechModel", "SpeechPipeline"],
            swiftSettings: fast),
        .testTarget(
            name: "TelemetryTests", dependencies: ["SpeechModel", "Telemetry", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .testTarget(name: "ConfigurationTests", dependencies: ["MynahConfiguration", "SpeechModel"], swiftSettings: strict),
        .testTarget(
            name: "AudioFilesTests", dependencies: ["AudioFiles", "ConfinementHelper", "SpeechModel", "SpeechPipeline"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(name: "TranscriptFormatsTests", dependencies: ["SpeechModel", "TranscriptFormats"], swiftSettings: strict),
        .testTarget(name: "WireProtocolTests", dependencies: ["SpeechModel", "WireProtocol"], swiftSettings: strict),
        .testTarget(
            name: "HTTPEdgeTests",
            dependencies: [
                "HTTPEdge", "PipelineFeed", "Ports", "SpeechModel", "TranscriptFormats", "WireProtocol",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict, linkerSettings: runPath),
        .testTarget(
            name: "ClientTests",
            dependencies: [
                "HTTPEdge", "MynahClient", "SpeechModel", "WireProtocol",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict, linkerSettings: runPath),
        .testTarget(name: "EspeakEngineTests", dependencies: ["EspeakEngine", "SpeechModel"], swiftSettings: strict),
        .testTarget(name: "TextAnalysisTests", dependencies: ["SpeechModel", "TextAnalysis"], swiftSettings: strict),
        .testTarget(
            name: "ZMQEdgeTests",
            dependencies: ["ArbiterContract", "CZeroMQ", "Failover", "FailoverHelper", "Lanes", "SpeechModel", "ZMQEdge"],
            swiftSettings: strict),
        .testTarget(
            name: "RNNoiseEngineTests", dependencies: ["RNNoiseEngine", "SpeechModel", "Workers"], swiftSettings: strict,
            linkerSettings: runPath),
        .testTarget(
            name: "CaptureEdgeTests",
            dependencies: ["AudioFiles", "CALSA", "CAllocationCounter", "CaptureEdge", "Lanes", "SpeechModel", "SpeechPipeline"],
            swiftSettings: strict),
        .testTarget(
            name: "FailoverTests", dependencies: ["ArbiterContract", "Failover", "Lanes", "SpeechModel"], swiftSettings: fast),
        .testTarget(name: "LanesTests", dependencies: ["Lanes"], swiftSettings: strict),
        .testTarget(
            name: "WorkersTests", dependencies: ["Lanes", "Ports", "PocketSphinxEngine", "SpeechModel", "Workers", "mynah"],
            swiftSettings: strict, linkerSettings: runPath),
        .testTarget(
            name: "ApplicationTests",
            dependencies: [
                "Application", "Lanes", "PipelineFeed", "Ports", "Resilience", "SessionMirror", "SpeechModel", "SpeechPipeline",
                "Telemetry",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "OpenAIEngineTests",
            dependencies: [
                "OpenAIEngine", "Ports", "SpeechModel", "Telemetry",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(name: "ResilienceTests", dependencies: ["Ports", "Resilience", "SpeechModel"], swiftSettings: strict),
        .testTarget(name: "SessionMirrorTests", dependencies: ["SessionMirror", "SpeechModel"], swiftSettings: strict),
        .testTarget(
            name: "PipelineFeedTests", dependencies: ["PipelineFeed", "SpeechModel", "TextAnalysis", "WireProtocol"],
            swiftSettings: strict),
        .testTarget(name: "ModelLibraryTests", dependencies: ["ModelLibrary", "SpeechModel"], swiftSettings: strict),
        .testTarget(
            name: "SherpaEngineTests", dependencies: ["ModelLibrary", "Ports", "SherpaEngine", "SpeechModel", "Workers"],
            swiftSettings: strict,
            linkerSettings: runPath),
        .testTarget(
            name: "SileroEngineTests", dependencies: ["CSherpaOnnx", "SileroEngine", "SpeechModel", "SpeechPipeline"],
            swiftSettings: strict,
            linkerSettings: runPath),
        .testTarget(name: "ArchivesTests", dependencies: ["Archives", "CArchive", "SpeechModel"], swiftSettings: strict),
        .testTarget(
            name: "DownloadsTests",
            dependencies: [
                "Downloads", "SpeechModel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(name: "RepositoryTests", swiftSettings: strict),
    ]
)
