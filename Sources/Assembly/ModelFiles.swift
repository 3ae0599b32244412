import Foundation
public import SpeechModel

/// Where the models lie that `Scripts/setup` or a package installed.
public struct ModelFiles: Sendable {
    /// The folder that holds them.
    public let directory: String
    /// The folder for PocketSphinx's English model.
    public var pocketSphinx: String { directory + "/pocketsphinx/en-us" }
    /// The neural voice activity model.
    public var silero: String { directory + "/silero/silero_vad.onnx" }

    /// The configured folder; without one, `share/mynah/models` beside the program, else the `.native/models` of the checkout that the
    /// program was built in, else `models` in the data folder.
    public static func locate(configured: String, data: String) -> ModelFiles {
        if !configured.isEmpty { return ModelFiles(directory: configured) }
        let program = URL(fileURLWithPath: executablePath())
        var folder = program.deletingLastPathComponent()
        let installed = folder.deletingLastPathComponent().appendingPathComponent("share/mynah/models")
        if exists(installed.path + "/pocketsphinx") { return ModelFiles(directory: installed.path) }
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent(".native/models").path
            if exists(candidate + "/pocketsphinx") { return ModelFiles(directory: candidate) }
            folder.deleteLastPathComponent()
        }
        return ModelFiles(directory: data + "/models")
    }

    /// Real human speech for the demo, beside the models.
    public var sampleSpeech: String? {
        let folder = URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent("speech/librivox")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".wav") }.sorted().first.map { folder.appendingPathComponent($0).path }
    }

    /// - Throws: ``ErrorCode/brokenModel`` naming the first file that is missing.
    public func check() throws(SpeechError) {
        for file in [pocketSphinx + "/en-us/mdef", pocketSphinx + "/en-us.lm.bin", pocketSphinx + "/cmudict-en-us.dict"]
        where !Self.exists(file) {
            throw SpeechError(
                .brokenModel, "The model file \(file) is missing.",
                advice: "Run `Scripts/setup`, or set models.directory to a folder that holds pocketsphinx/en-us.")
        }
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

/// This program's own file, so that it can start itself as a worker.
public func executablePath() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}
