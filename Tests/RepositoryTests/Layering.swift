/// Which module may import what: the arrows of `docs/ARCHITECTURE.md`.
///
/// The compiler does not check this: it lets a module import what its dependencies depend on.
enum Layering {
    /// A module of ours.
    struct Module {
        var name: String
        /// From the repository's root.
        var folder: String
        var imports: Set<String>

        init(_ name: String, _ folder: String, _ imports: Set<String>) {
            (self.name, self.folder, self.imports) = (name, folder, imports)
        }
    }

    /// The C library and the standard library's own modules: no clock of their own making, no thread, no vendor.
    private static let bare: Set<String> = ["Glibc", "Synchronization"]
    private static let foundation: Set<String> = ["Dispatch", "Foundation", "FoundationEssentials"]
    private static let nio: Set<String> = ["NIOCore", "NIOHTTP1", "NIOPosix", "NIOWebSocket"]

    /// What the layers up to the use cases may never import, even if somebody writes it into the list below.
    static let pureModules: Set<String> = ["SpeechModel", "SpeechPipeline", "PipelineFeed", "Ports", "Resilience", "Application"]
    static let ours: Set<String> = Set(rows.joined().map(\.name))

    /// Rows from the bottom up: a module imports modules of lower rows only, so never one of its own row.
    static let rows: [[Module]] = [
        [
            Module("SpeechModel", "Sources/SpeechModel", []),
            Module("Lanes", "Sources/Lanes", bare),
            Module("Web", "Web", foundation),
        ],
        [
            Module("SpeechPipeline", "Sources/SpeechPipeline", bare.union(["SpeechModel"])),
            Module("Ports", "Sources/Ports", bare.union(["SpeechModel"])),
            Module("Failover", "Sources/Failover", bare.union(["Lanes", "SpeechModel"])),
            Module("ModelLibrary", "Sources/ModelLibrary", bare.union(foundation).union(["SpeechModel"])),
            Module("Archives", "Sources/Archives/Archives", bare.union(["CArchive", "SpeechModel"])),
            Module(
                "Downloads", "Sources/Downloads",
                bare.union(foundation).union(nio).union(["AsyncHTTPClient", "SpeechModel"])),
            Module("TextAnalysis", "Sources/TextAnalysis", bare.union(foundation).union(["SpeechModel"])),
            Module("Telemetry", "Sources/Telemetry", bare.union(["Logging", "SpeechModel"])),
            Module("WireProtocol", "Sources/WireProtocol", foundation.union(["SpeechModel"])),
            Module("TranscriptFormats", "Sources/TranscriptFormats", foundation.union(["SpeechModel"])),
            Module("MynahConfiguration", "Sources/Configuration", bare.union(foundation).union(["SpeechModel", "Yams"])),
        ],
        [
            Module("PipelineFeed", "Sources/PipelineFeed", bare.union(["SpeechModel", "TextAnalysis"])),
            Module("Resilience", "Sources/Resilience", bare.union(["Ports", "SpeechModel"])),
            Module("SessionMirror", "Sources/SessionMirror", foundation.union(["SpeechModel"])),
        ],
        [
            Module(
                "Application", "Sources/Application",
                bare.union([
                    "Lanes", "PipelineFeed", "Ports", "Resilience", "SessionMirror", "SpeechModel", "SpeechPipeline", "Telemetry",
                ])),
            Module(
                "Workers", "Sources/Workers/Workers",
                bare.union(["CWorkers", "Lanes", "Ports", "SpeechModel", "Telemetry", "TextAnalysis"])),
            Module(
                "AudioFiles", "Sources/AudioFiles",
                bare.union(foundation).union(["CConfinement", "SpeechModel", "SpeechPipeline"])),
            Module("MynahClient", "Sources/Client", bare.union(foundation).union(nio).union(["SpeechModel", "WireProtocol"])),
        ],
        [
            Module("EspeakEngine", "Sources/Engines/EspeakEngine", bare.union(foundation).union(["Ports", "SpeechModel"])),
            Module("FliteEngine", "Sources/Engines/FliteEngine", bare.union(["CFlite", "SpeechModel", "Workers"])),
            Module(
                "OpenAIEngine", "Sources/Engines/OpenAIEngine",
                bare.union(foundation).union([
                    "AsyncHTTPClient", "AudioFiles", "NIOCore", "NIOHTTP1", "Ports", "SpeechModel", "Telemetry",
                ])),
            Module(
                "PocketSphinxEngine", "Sources/Engines/PocketSphinxEngine",
                bare.union(["CPocketSphinx", "Lanes", "Ports", "SpeechModel", "Workers"])),
            Module(
                "RNNoiseEngine", "Sources/Engines/RNNoiseEngine",
                bare.union(["CRNNoise", "SpeechModel", "SpeechPipeline", "Workers"])),
            Module(
                "SherpaEngine", "Sources/Engines/SherpaEngine",
                bare.union(["CSherpaOnnx", "ModelLibrary", "Ports", "SpeechModel", "Workers"])),
            Module(
                "SileroEngine", "Sources/Engines/SileroEngine",
                bare.union(["CMatrices", "ModelLibrary", "SpeechModel", "SpeechPipeline"])),
            Module(
                "CaptureEdge", "Sources/Edges/CaptureEdge",
                bare.union(["AudioFiles", "CALSA", "Lanes", "SpeechModel", "SpeechPipeline"])),
            Module("ZMQEdge", "Sources/Edges/ZMQEdge", bare.union(["CZeroMQ", "Failover", "Lanes", "SpeechModel"])),
            Module(
                "HTTPEdge", "Sources/Edges/HTTPEdge",
                bare.union(foundation).union(nio).union([
                    "Application", "AudioFiles", "Failover", "PipelineFeed", "Ports", "SpeechModel", "SpeechPipeline",
                    "Telemetry", "TranscriptFormats",
                    "Web", "WireProtocol",
                    "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOHTTPTypes", "NIOHTTPTypesHTTP1",
                    "ServiceLifecycle",
                ])),
        ],
        [
            Module(
                "Assembly", "Sources/Assembly",
                bare.union(foundation).union([
                    "Application", "AudioFiles", "CaptureEdge", "EspeakEngine", "Failover", "FliteEngine", "HTTPEdge", "Lanes",
                    "ModelLibrary", "MynahConfiguration", "OpenAIEngine",
                    "PipelineFeed",
                    "PocketSphinxEngine", "Ports", "Resilience", "RNNoiseEngine", "SessionMirror", "SherpaEngine", "SileroEngine",
                    "SpeechModel", "SpeechPipeline", "Telemetry",
                    "TextAnalysis", "WireProtocol", "Workers", "ZMQEdge", "Hummingbird", "Logging", "NIOCore", "NIOPosix",
                    "ServiceLifecycle", "UnixSignals",
                ]))
        ],
        [
            Module(
                "mynah", "Sources/mynah/Program",
                bare.union(foundation).union([
                    "Application", "Archives", "Assembly", "AudioFiles", "CaptureEdge", "Downloads", "Failover", "Lanes",
                    "ModelLibrary", "MynahClient", "MynahConfiguration",
                    "PocketSphinxEngine", "Ports", "SpeechModel", "SpeechPipeline", "Telemetry", "TranscriptFormats",
                    "WireProtocol", "Workers", "ZMQEdge", "ArgumentParser", "Logging",
                ]))
        ],
    ]

    /// Every import that no arrow allows, as `file:line: what is wrong and what to do`.
    static func faults(in files: [SourceFile]) -> [String] {
        let modules = rows.joined()
        return files.flatMap { file -> [String] in
            guard let module = modules.first(where: { file.path.hasPrefix($0.folder + "/") }) else {
                return ["\(file.path): belongs to no module of Layering.swift; add the module to its row."]
            }
            return file.imports.filter { !module.imports.contains($0.module) }.map {
                "\(file.path):\($0.line): \(module.name) may not import \($0.module); see docs/ARCHITECTURE.md, Layers."
            }
        }
    }
}
