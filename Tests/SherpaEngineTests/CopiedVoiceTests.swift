import Foundation
import ModelLibrary
import Ports
import SherpaEngine
import SpeechModel
import Testing
import Workers

/// Voices that are told whose voice to copy, or which language a text is in. Each says a letter as a tone of 3000 Hz and 93.75 Hz more for
/// every letter, and beneath it the tone of the voice (Tools/copied-voice-models).
@Suite struct CopiedVoiceTests {
    private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/models")

    private struct NoPhonemes: Phonemizer {
        func phonemes(of sentence: String, voice: String) throws(SpeechError) -> String { "" }
    }

    /// A copy of a fixture with recordings, which goes with the object.
    private final class Folder {
        let path = NSTemporaryDirectory() + "mynah-voices-\(UUID().uuidString)"

        init(_ name: String, tones: [(name: String, hertz: Double)], words: String? = "hello", seconds: Double = 1) throws {
            let manager = FileManager.default
            try manager.copyItem(atPath: CopiedVoiceTests.models.appendingPathComponent(name).path, toPath: path)
            try manager.createDirectory(atPath: path + "/voices", withIntermediateDirectories: true)
            for tone in tones {
                let samples = (0..<Int(24_000 * seconds)).map { Int16(10_000 * sin(2 * .pi * tone.hertz * Double($0) / 24_000)) }
                var file = Data("RIFF".utf8)
                func add<T: FixedWidthInteger>(_ value: T) {
                    withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
                }
                add(UInt32(36 + samples.count * 2))
                file += Data("WAVEfmt ".utf8)
                for value in [16, 0x1_0001, 24_000, 48_000, 0x10_0002] as [UInt32] { add(value) }
                file += Data("data".utf8)
                add(UInt32(samples.count * 2))
                for sample in samples { add(sample) }
                try file.write(to: URL(fileURLWithPath: "\(path)/voices/\(tone.name).wav"))
                if let words { try Data(words.utf8).write(to: URL(fileURLWithPath: "\(path)/voices/\(tone.name).txt")) }
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func load(_ folder: String) throws -> (VoiceModel, ModelDescription) {
        let description = try ModelFolder(folder).inspect()
        return (
            try VoiceModel(description, in: folder, phonemizer: NoPhonemes(), options: RecognitionOptions()), description
        )
    }

    private func speak(
        _ voice: VoiceModel, _ text: String, speaker: Int = 0, speed: Double = 1, language: String? = nil
    ) throws -> [Int16] {
        let job = SynthesisJob(text: text, speaker: speaker, speed: speed, language: language)
        guard case .samples(let samples)? = try voice.run(job.values, progress: { _ in }).first else { return [] }
        return samples
    }

    /// The strongest of some frequencies, in hertz (Goertzel).
    private func strongest(of frequencies: [Double], in samples: ArraySlice<Int16>, rate: Int) -> Double? {
        func strength(_ hertz: Double) -> Double {
            var (real, imaginary) = (0.0, 0.0)
            for (at, sample) in samples.enumerated() {
                real += Double(sample) * cos(2 * .pi * hertz * Double(at) / Double(rate))
                imaginary += Double(sample) * sin(2 * .pi * hertz * Double(at) / Double(rate))
            }
            return hypot(real, imaginary)
        }
        return frequencies.max { strength($0) < strength($1) }
    }

    private func letter(in samples: ArraySlice<Int16>, rate: Int) -> Character? {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let frequencies = letters.indices.map { 3000 + 93.75 * Double($0) }
        return strongest(of: frequencies, in: samples, rate: rate).flatMap { frequencies.firstIndex(of: $0) }.map { letters[$0] }
    }

    @Test func `ZipVoice speaks the words with the voice of the recording that is chosen`() throws {
        let folder = try Folder("zipvoice", tones: [("anna", 440), ("tom", 220)])
        let (voice, description) = try load(folder.path)
        #expect(description.family == .zipvoice && description.speakers == 2 && description.speakerNames == ["anna", "tom"])
        #expect(description.sampleRate == 24_000 && voice.greeting == [.numbers([24_000])])
        #expect(description.allFiles.filter { $0.hasPrefix("voices/") }.count == 4)
        for (speaker, hertz) in [440.0, 220].enumerated() {
            let samples = try speak(voice, "hello", speaker: speaker)
            let length = samples.count / 5
            let said = (0..<5).compactMap {
                letter(in: samples[$0 * length + length / 5..<($0 + 1) * length - length / 5], rate: 24_000)
            }
            #expect(String(said) == "hello")
            let middle = samples[length..<2 * length]
            #expect(strongest(of: [220, 440, 880], in: middle, rate: 24_000) == hertz)
        }
        let (slow, fast) = (try speak(voice, "hello", speed: 0.5).count, try speak(voice, "hello", speed: 2).count)
        #expect(Double(slow) / Double(fast) > 3.5)
        #expect(throws: (any Error).self) { try speak(voice, "xyzzy") }
    }

    @Test func `Pocket needs a recording and no words`() throws {
        let folder = try Folder("pocket", tones: [("anna", 440), ("tom", 300)], words: nil)
        let (voice, description) = try load(folder.path)
        #expect(description.family == .pocket && description.languages == ["en"] && description.speakers == 2)
        let samples = try speak(voice, "hello", speaker: 1)
        // A silent frame, then one for each letter.
        let said = (1...5).compactMap { letter(in: samples[$0 * 1920..<($0 + 1) * 1920], rate: 24_000) }
        #expect(String(said) == "hello")
        #expect(strongest(of: [220, 300, 440], in: samples[1920..<3840], rate: 24_000) == 300)
    }

    @Test func `Supertonic is told the language of the text`() throws {
        let folder = Self.models.appendingPathComponent("supertonic").path
        let (voice, description) = try load(folder)
        #expect(description.family == .supertonic && description.speakers == 2 && description.sampleRate == 44_100)
        #expect(description.languages.count == 31)
        for (language, marks) in [("de", "de"), ("fr", "fr"), (nil, "en")] as [(String?, String)] {
            let samples = try speak(voice, "hello", language: language)
            let said = [1, 2, 4, 5, 6, 7, 8].compactMap { letter(in: samples[$0 * 3072..<($0 + 1) * 3072], rate: 44_100) }
            #expect(String(said) == marks + "hello")
            #expect(strongest(of: [400, 800], in: samples[4 * 3072..<5 * 3072], rate: 44_100) == 400)
        }
        #expect(try speak(voice, "hello", speaker: 1).count == 2 * speak(voice, "hello").count)
        #expect(throws: (any Error).self) { try speak(voice, "hello", language: "xx") }
    }

    @Test(arguments: ["zipvoice", "pocket"])
    func `without a recording that is of use they are refused`(name: String) throws {
        for (folder, reason) in [
            (try Folder(name, tones: []), "its folder has none"),
            (try Folder(name, tones: [("a", 440)], seconds: 0.1), "half a second"),
            (
                try Folder(
                    name, tones: [("a", 440)], words: name == "zipvoice" ? " \n" : "", seconds: name == "zipvoice" ? 1 : 0.2),
                "recording"
            ),
        ] {
            let error = #expect(throws: SpeechError.self) { try load(folder.path) }
            #expect(error?.code == .brokenModel && error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
        let folder = try Folder(name, tones: [("a", 440)])
        try Data("no sound".utf8).write(to: URL(fileURLWithPath: folder.path + "/voices/a.wav"))
        #expect(throws: SpeechError.self) { try load(folder.path) }
    }

    @Test(
        arguments: [
            ("supertonic", "tts.json", "{}", "how its parts fit"), ("supertonic", "voice.bin", "short", "as long as it says"),
            ("supertonic", "unicode_indexer.bin", "abcde", "no table"), ("pocket", "vocab.json", "[]", "no table"),
            ("pocket", "vocab.json", "{\"a\": 0, \"b\": 2}", "gaps"), ("pocket", "vocab.json", "{\"a\": 0}", "<0x00>"),
            ("pocket", "token_scores.json", "", "no table"),
        ])
    func `files that would end the process are refused`(name: String, file: String, content: String, reason: String) throws {
        let folder = try Folder(name, tones: [("a", 440)])
        try Data(content.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
        let error = #expect(throws: SpeechError.self) { try ModelFolder(folder.path).inspect() }
        #expect(error?.code == .brokenModel && error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a ZipVoice with another vocoder is refused`() throws {
        let folder = try Folder("zipvoice", tones: [("a", 440)])
        try FileManager.default.removeItem(atPath: folder.path + "/vocos_24khz.onnx")
        try FileManager.default.copyItem(atPath: folder.path + "/decoder.int8.onnx", toPath: folder.path + "/vocos_24khz.onnx")
        let error = #expect(throws: SpeechError.self) { try ModelFolder(folder.path).inspect() }
        #expect(error?.message.contains("no vocos vocoder for 24000 Hz") == true, "\(error?.message ?? "")")
    }
}
