import Foundation
import ModelLibrary
import SherpaEngine
import SpeechModel
import Testing
import Workers

/// With a Whisper that takes low sounds for English, middle ones for German and high ones for French (Tools/languages-model).
@Suite struct LanguageModelTests {
    private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/models")

    private func make(_ name: String) throws -> LanguageModel {
        let folder = Self.models.appendingPathComponent(name).path
        return try LanguageModel(ModelFolder(folder).inspect(), in: folder, options: RecognitionOptions())
    }

    @Test(arguments: [(400.0, "en"), (1600.0, "de"), (4000.0, "fr")])
    func `the language is told, one recording after another`(frequency: Double, language: String) throws {
        let model = try make("languages")
        let tone = (0..<32_000).map { Int16(8000 * sin(2 * .pi * frequency * Double($0) / 16_000)) }
        for _ in 0..<2 { #expect(try model.run([.samples(tone)]) { _ in } == [.text(language)]) }
        #expect(try model.run([.samples([1, 2, 3])]) { _ in }.isEmpty)
    }

    @Test func `a model that cannot is refused`() throws {
        let error = #expect(throws: SpeechError.self) { try make("commands-en") }
        #expect(error?.code == .brokenModel)
    }
}
