import Foundation
import ModelLibrary
import SherpaEngine
import SpeechModel
import Testing
import Workers

/// With a model of rules (Tools/casing-model).
@Suite struct CasingModelTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/models/casing-en").path

    private func write(_ text: String) throws -> String {
        let description = try ModelFolder(Self.folder).inspect()
        #expect(description.family == .cnnBiLSTM && description.family.task == .punctuation && description.languages == ["en"])
        let model = try CasingModel(description, in: Self.folder, options: RecognitionOptions())
        guard case .text(let written)? = try model.run([.text(text)], progress: { _ in }).first else { return "" }
        return written
    }

    @Test(
        arguments: [
            ("how are you then i go home but not now", "How are you? Then I go home, but not. Now."),
            ("HOW ARE YOU", "How are you?"), ("we saw it on the bbc", "We saw it on the BBC."), ("", ""),
        ])
    func `marks and capitals are put back`(text: String, written: String) throws { #expect(try write(text) == written) }

    @Test func `a long text keeps its words`() throws {
        let words = (0..<300).map { $0 % 7 == 0 ? "john" : "word\($0)" } + [String(repeating: "x", count: 400), "john"]
        let written = try write(words.joined(separator: " ")).split(separator: " ").map {
            $0.filter { $0.isLetter || $0.isNumber }
        }
        #expect(written.map { $0.lowercased() } == words && written[7] == "John" && written.last == "John")
    }

    @Test(arguments: ["", "piece\n", "piece x\n", "piece nan\n", "piece -1\n\nother -2\n"])
    func `a list of pieces that would end the process is refused`(list: String) throws {
        let copy = NSTemporaryDirectory() + "mynah-casing-\(UUID().uuidString)-en"
        try FileManager.default.copyItem(atPath: Self.folder, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try Data(list.utf8).write(to: URL(fileURLWithPath: copy + "/bpe.vocab"))
        let error = #expect(throws: SpeechError.self) { try ModelFolder(copy).inspect() }
        #expect(error?.code == .brokenModel && error?.message.contains("bpe.vocab") == true)
    }
}
