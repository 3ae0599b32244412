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

    @Test func `others are left as they are`() throws {
        let prepared = try MadeUpModel.Folder(
            ["a.onnx": MadeUpModel.onnx(["n_speakers": "1"]), "a.onnx.json": Self.description()])
        #expect(try PiperVoice(ModelFolder(prepared.path)) == nil)
        let alone = try MadeUpModel.Folder(["a.onnx": MadeUpModel.onnx()])
        #expect(try PiperVoice(ModelFolder(alone.path)) == nil)
        #expect(try PiperVoice(ModelFolder(alone.path + "/none")) == nil)
    }

    @Test func `a description that is of no use is told`() throws {
        for (bytes, reason) in [(Array("{}".utf8), "does not describe"), (Self.description(type: "text"), "of the kind `text`")] {
            let folder = try MadeUpModel.Folder(["a.onnx": MadeUpModel.onnx(), "a.onnx.json": bytes])
            let error = #expect(throws: SpeechError.self) { try PiperVoice(ModelFolder(folder.path)) }
            #expect(error?.code == .brokenModel && error?.message.contains(reason) == true)
        }
    }
}
