import Foundation
import ModelLibrary
import SpeechModel
import Testing

/// Voices as they are at https://huggingface.co/rhasspy/piper-voices: a network without metadata and a description beside it.
@Suite struct PiperVoiceTests {
    private static func description(type: String = "espeak") -> [UInt8] {
        Array(
            """
            {"audio": {"sample_rate": 22050, "quality": "low"}, "espeak": {"voice": "en-us"}, "phoneme_type": "\(type)",
             "language": {"code": "en_US", "family": "en"}, "num_speakers": 2, "speaker_id_map": {},
             "phoneme_id_map": {"_": [0], "^": [1], "$": [2], " ": [3], "a": [4], "\\n": [5], "ab": [6]}}
            """.utf8)
    }

    @Test func `becomes what the engine understands`() throws {
        let folder = try MadeUpModel.Folder(
            ["en_US-amy-low.onnx": MadeUpModel.onnx(), "en_US-amy-low.onnx.json": Self.description(), "MODEL_CARD": [1]])
        // By the folder, and by the file in it.
        for source in [folder.path, folder.path + "/en_US-amy-low.onnx"] {
            let voice = try #require(try PiperVoice(ModelFolder(source)))
            #expect(voice.name == "en_US-amy-low")
            let copy = try MadeUpModel.Folder([:], named: voice.name)
            try voice.write(to: copy.path)
            let model = try ModelFolder(copy.path).inspect()
            #expect(model.family == .vits && model.phonemes == "en-us" && model.languages == ["en"])
            #expect(model.speakers == 2 && model.sampleRate == 22_050)
            // A token of two characters would end the native library's process.
            #expect(try String(contentsOfFile: copy.path + "/tokens.txt", encoding: .utf8) == "_ 0\n^ 1\n$ 2\n3\na 4\n")
        }
    }

    @Test func `what a link leads to stays as it was`() throws {
        let blobs = try MadeUpModel.Folder(["one": MadeUpModel.onnx(), "two": Self.description()], named: "blobs")
        let folder = try MadeUpModel.Folder([:], named: "snapshot")
        for (name, blob) in [("en_US-amy-low.onnx", "one"), ("en_US-amy-low.onnx.json", "two")] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(name)", withDestinationPath: "\(blobs.path)/\(blob)")
        }
        let copy = try MadeUpModel.Folder([:])
        try #require(try PiperVoice(ModelFolder(folder.path))).write(to: copy.path)
        #expect(FileManager.default.contents(atPath: blobs.path + "/one") == Data(MadeUpModel.onnx()))
        #expect(try ModelFolder(copy.path).inspect().phonemes == "en-us")
    }

    @Test func `of several the wanted one has to be named`() throws {
        let folder = try MadeUpModel.Folder(
            [
                "a.onnx": MadeUpModel.onnx(), "a.onnx.json": Self.description(), "b.onnx": MadeUpModel.onnx(),
                "b.onnx.json": Self.description(),
            ])
        let error = #expect(throws: SpeechError.self) { try PiperVoice(ModelFolder(folder.path)) }
        #expect(error?.message.contains("a.onnx, b.onnx") == true)
        #expect(try PiperVoice(ModelFolder(folder.path + "/b.onnx"))?.name == "b")
    }

    @Test func `others are left as they are`() throws {
        let prepared = try MadeUpModel.Folder(
            ["a.onnx": MadeUpModel.onnx(["n_speakers": "1"]), "a.onnx.json": Self.description()])
        #expect(try PiperVoice(ModelFolder(prepared.path)) == nil)
        let alone = try MadeUpModel.Folder(["a.onnx": MadeUpModel.onnx()])
        #expect(try PiperVoice(ModelFolder(alone.path)) == nil)
        let other = try MadeUpModel.Folder(["a.onnx": MadeUpModel.onnx(), "a.onnx.json": Array("{}".utf8)])
        #expect(try PiperVoice(ModelFolder(other.path)) == nil)
        #expect(try PiperVoice(ModelFolder(alone.path + "/none")) == nil)
    }

    @Test func `a description that is of no use is told`() throws {
        for (bytes, reason) in [
            (Array("{\"phoneme_id_map\": 1}".utf8), "does not describe"), (Self.description(type: "text"), "of the kind `text`"),
        ] {
            let folder = try MadeUpModel.Folder(["a.onnx": MadeUpModel.onnx(), "a.onnx.json": bytes])
            let error = #expect(throws: SpeechError.self) { try PiperVoice(ModelFolder(folder.path)) }
            #expect(error?.code == .brokenModel && error?.message.contains(reason) == true)
        }
    }
}
