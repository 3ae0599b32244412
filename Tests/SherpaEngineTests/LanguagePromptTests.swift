import Foundation
import ModelLibrary
import SherpaEngine
import SpeechModel
import Testing
import Workers

/// Models that say the same in the language that they are told (Tools/told-language-models, Tools/languages-model).
@Suite struct LanguagePromptTests {
    private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/models")

    private func make(_ name: String, usual: String = "en") throws -> WholeUtteranceModel {
        let folder = Self.models.appendingPathComponent(name).path
        return try WholeUtteranceModel(ModelFolder(folder).inspect(), in: folder, options: RecognitionOptions(language: usual))
    }

    private static func tone(_ frequency: Double) -> [Int16] {
        (0..<16_000).map { Int16(8000 * sin(2 * .pi * frequency * Double($0) / 16_000)) }
    }

    /// What is read of utterances that go through the model in one step.
    private func read(_ model: WholeUtteranceModel, _ asked: [String?], frequency: Double = 400) throws -> [String] {
        let utterances = try asked.map { try model.begin(keyPhrases: nil, language: $0) }
        for utterance in utterances {
            Self.tone(frequency).withUnsafeBufferPointer { utterance.accept($0) }
            utterance.finish()
        }
        try model.step(utterances)
        return utterances.map { $0.reading().text }
    }

    @Test(arguments: ["canary-en-de", "cohere-transcribe-en-de"])
    func `one that must be told is told by each utterance, and otherwise what is usual`(name: String) throws {
        let model = try make(name)
        let (english, german) = ("good day.", "guten tag.")
        #expect(try read(model, ["de", "en", nil, "de"]) == [german, english, english, german])
        // What it does not know would be nothing, or the end of the process.
        #expect(try read(model, ["fr", "xx", "DE", ""]) == [english, english, english, english])
        #expect(try read(make(name, usual: "de"), [nil, "en", "fr"]) == [german, english, german])
        #expect(try read(make(name, usual: "fr"), [nil]) == [name.hasPrefix("canary") ? english : german])
    }

    @Test func `a Whisper is told where it is asked to be, and finds out otherwise`() throws {
        let model = try make("languages", usual: "fr")
        #expect(try read(model, ["de", nil, "en", "xx", "fr", "de"]) == ["tief", "low", "low", "low", "grave", "tief"])
        #expect(try read(model, [nil, "en"], frequency: 1600) == ["mittel", "middle"])
        let utterance = try model.begin(keyPhrases: nil, language: nil)
        Self.tone(1600).withUnsafeBufferPointer { utterance.accept($0) }
        utterance.finish()
        try model.step([utterance])
        #expect(utterance.reading().language == "de")
    }

    @Test func `models that take no hint go on without`() throws {
        let folder = Self.models.appendingPathComponent("commands-en").path
        let model = try StreamingModel(ModelFolder(folder).inspect(), in: folder, options: RecognitionOptions())
        #expect(try model.begin(keyPhrases: nil, language: "de").reading().text.isEmpty)
        #expect(try read(make("loudness"), ["de", nil]).count == 2)
    }
}
