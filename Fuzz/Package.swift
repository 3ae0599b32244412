// swift-tools-version: 6.3
import PackageDescription

// Fuzz targets for the parsers of foreign bytes. A package of its own over links to the sources, so that instrumenting them
// neither touches the normal build nor needs its dependencies. `Scripts/fuzz` builds and runs it.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "fuzz",
    targets: [
        .target(name: "SpeechModel", swiftSettings: strict),
        .target(name: "SpeechPipeline", dependencies: ["SpeechModel"], swiftSettings: strict),
        .target(name: "CConfinement"),
        .target(
            name: "AudioFiles", dependencies: ["CConfinement", "SpeechModel", "SpeechPipeline"], swiftSettings: strict),
        .target(name: "WireProtocol", dependencies: ["SpeechModel"], swiftSettings: strict),
        .target(name: "Lanes", swiftSettings: strict),
        .target(name: "Failover", dependencies: ["Lanes", "SpeechModel"], swiftSettings: strict),
        .target(name: "ModelLibrary", dependencies: ["SpeechModel"], swiftSettings: strict),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive"),
        .target(name: "Archives", dependencies: ["CArchive", "SpeechModel"], swiftSettings: strict),
        .target(name: "Fuzzing", swiftSettings: strict),
        .executableTarget(name: "FuzzWAVHeader", dependencies: ["AudioFiles", "Fuzzing", "SpeechModel"], swiftSettings: strict),
        .executableTarget(
            name: "FuzzStreamMessage", dependencies: ["Fuzzing", "SpeechModel", "WireProtocol"], swiftSettings: strict),
        .executableTarget(
            name: "FuzzLinkMessage", dependencies: ["Failover", "Fuzzing", "SpeechModel"], swiftSettings: strict),
        .executableTarget(
            name: "FuzzModelFile", dependencies: ["Fuzzing", "ModelLibrary", "SpeechModel"], swiftSettings: strict),
        .executableTarget(name: "FuzzArchive", dependencies: ["Archives", "Fuzzing", "SpeechModel"], swiftSettings: strict),
    ]
)
