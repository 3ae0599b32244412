import Foundation
import ModelLibrary
import SpeechModel
import Testing

/// Folders of voices as their publishers fill them, and what would make the native library end over them.
@Suite struct VoiceFolderTests {
    private static let kokoro = ["sample_rate": "24000", "n_speakers": "2", "has_espeak": "0", "style_dim": "3,1,4"]

    private func inspect(_ files: [String: [UInt8]]) throws -> ModelDescription {
        let folder = try MadeUpModel.Folder(files)
        return try withExtendedLifetime(folder) { try ModelFolder(folder.path).inspect() }
    }

    @Test func `a voice with everything that it needs`() throws {
        let voices = [UInt8](repeating: 0, count: 4 * 3 * 1 * 4 * 2)
        let model = try inspect([
            "model.onnx": MadeUpModel.onnx(Self.kokoro), "voices.bin": voices, "tokens.txt": MadeUpModel.smallTokens,
            "lexicon-us-en.txt": [65], "lexicon-zh.txt": [65], "number-zh.fst": [1],
        ])
        #expect(model.family == .kokoro && model.family.task == .synthesis && model.speakers == 2 && model.sampleRate == 24_000)
        #expect(model.lexicons == ["lexicon-us-en.txt", "lexicon-zh.txt"] && model.rules == ["number-zh.fst"])
        #expect(Set(model.allFiles).isSuperset(of: ["voices.bin", "lexicon-zh.txt", "number-zh.fst"]))
    }

    @Test(
        arguments: [
            (["lexicon.txt": 1, "voices.bin": 95], kokoro, "voices.bin has 95 bytes, and it wants 96"),
            (["voices.bin": 96], kokoro, "does not say of which accent"),
            (["lexicon.txt": 1, "voices.bin": 96], kokoro.merging(["style_dim": "3,4"]) { $1 }, "has not 3 numbers"),
            (
                ["lexicon.txt": 1], ["sample_rate": "1", "n_speakers": "1", "language": "en", "comment": "melo", "version": "1"],
                "version is older than 2"
            ),
        ] as [([String: Int], [String: String], String)])
    func `a voice that would end the process is refused`(sizes: [String: Int], metadata: [String: String], reason: String) throws
    {
        var files = sizes.mapValues { [UInt8](repeating: 0, count: $0) }
        files["model.onnx"] = MadeUpModel.onnx(metadata)
        files["tokens.txt"] = MadeUpModel.smallTokens
        let error = #expect(throws: SpeechError.self) { try inspect(files) }
        #expect(error?.code == .brokenModel && error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(
        arguments: [
            (
                ["framework": "tts", "output_dim": "1", "sample_rate": "1", "normalize_samples": "1", "language": "en"],
                "framework is `tts`"
            ),
            (
                [
                    "sample_rate": "16000", "window_size": "1", "receptive_field_size": "1", "receptive_field_shift": "1",
                    "num_speakers": "3", "powerset_max_classes": "3", "num_classes": "8",
                ], "powerset_max_classes is 3"
            ),
        ] as [([String: String], String)])
    func `other networks with values that are not known are refused`(metadata: [String: String], reason: String) throws {
        let error = #expect(throws: SpeechError.self) { try inspect(["model.onnx": MadeUpModel.onnx(metadata)]) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
}
