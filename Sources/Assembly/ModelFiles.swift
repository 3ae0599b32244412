import Foundation
import ModelLibrary
public import MynahConfiguration
public import SpeechModel

/// Where the models lie that `Scripts/setup` or a package installed.
public struct ModelFiles: Sendable {
    /// The folder that holds them.
    public let directory: String
    /// The recogniser's model.
    public let name: String
    /// What the recogniser's model understands, ISO 639-1, as its name tells.
    public var language: String { String(name.prefix(2)) }
    /// The folder for PocketSphinx's model.
    public var pocketSphinx: String { directory + "/pocketsphinx/" + name }
    /// The neural voice activity detector.
    public var silero: String { directory + "/silero/silero_vad.onnx" }

    /// The folder with one n-gram profile for each language.
    public var languageProfiles: String { directory + "/language" }
    /// The file with rated words.
    public var sentimentLexicon: String { directory + "/sentiment/vader_lexicon.txt" }

    /// The configured folder; where that is the standard one and empty, `share/mynah/models` beside the program, else the `.native/models` of the checkout that the
    /// program was built in.
    public static func locate(_ settings: Settings) -> ModelFiles {
        let standard = dataDirectory(environment: ProcessInfo.processInfo.environment) + "/models"
        return ModelFiles(
            directory: directory(configured: settings.models.directory, standard: standard),
            name: builtInName(settings))
    }

    /// `stt.model_name`, unless that is a model that was added.
    private static func builtInName(_ settings: Settings) -> String {
        let added = try? ModelLibrary(modelsDirectory: settings.models.directory).manifest().models
        return settings.stt.modelName.flatMap { added?[$0] == nil ? $0 : nil } ?? usualName
    }

    /// The built-in model that setup installs.
    public static let usualName = "en-us"

    private static func directory(configured: String, standard: String) -> String {
        // Named by the operator, or filled: no guessing.
        if configured != standard || exists(standard + "/pocketsphinx") { return configured }
        var folder = parent(of: executablePath())
        let installed = parent(of: folder) + "/share/mynah/models"
        if exists(installed + "/pocketsphinx") { return installed }
        while !folder.isEmpty {
            let candidate = folder + "/.native/models"
            if exists(candidate + "/pocketsphinx") { return candidate }
            folder = parent(of: folder)
        }
        return standard
    }

    /// Real human speech for the demo, beside the models.
    public var sampleSpeech: String? {
        let folder = URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent("speech/librivox")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".wav") }.sorted().first.map { folder.appendingPathComponent($0).path }
    }

    /// - Throws: ``ErrorCode/brokenModel`` naming the first file that is missing.
    public func check() throws(SpeechError) {
        for file in ["/\(name)/mdef", "/\(name).lm.bin", "/cmudict-\(name).dict"].map({ pocketSphinx + $0 })
        where !Self.exists(file) {
            throw SpeechError(
                .brokenModel, "The model file \(file) is missing.",
                advice:
                    "Run `Scripts/setup`, or set models.directory to a folder that holds pocketsphinx/\(name), or stt.model_name to a model "
                    + "that is there.")
        }
    }

    /// The folder that holds `path`; empty for the root.
    private static func parent(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

/// This program's own file, so that it can start itself as a worker.
public func executablePath() -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : CommandLine.arguments[0]
}
