import Foundation
import ModelLibrary
import SherpaEngine
import SpeechModel
import Testing
import Workers

/// With a model that hears four notes (Tools/notes-model).
@Suite struct KeywordModelTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/models/notes").path
    private static let notes = ["do": 500.0, "re": 1000, "mi": 2000, "fa": 4000]

    /// Notes of 200 ms, with half a second of silence before.
    private func tune(_ names: String) -> [Int16] {
        let silence = [Int16](repeating: 0, count: 8000)
        return silence
            + names.split(separator: " ").flatMap { name in
                let frequency = Self.notes[String(name)] ?? 0
                return (0..<3200).map { Int16(8000 * sin(2 * .pi * frequency * Double($0) / 16_000)) }
            }
    }

    private func makeModel() throws -> KeywordModel {
        let description = try ModelFolder(Self.folder).inspect()
        #expect(description.family == .keywordTransducer && description.family.task == .keywordSpotting)
        return try KeywordModel(description, in: Self.folder, options: RecognitionOptions(threads: 1, provider: "cpu"))
    }

    /// What several listeners to the same tunes have heard in the end, and whether it was heard before the end.
    private func hear(
        _ tunes: [String], _ phrases: [KeyPhrases?], with model: KeywordModel
    ) throws -> [(words: [Word], wereEarly: Bool)] {
        let utterances = try phrases.map { try model.begin(keyPhrases: $0, language: nil) }
        func step() throws {
            while true {
                let ready = utterances.filter(\.isReady)
                guard !ready.isEmpty else { return }
                try model.step(ready)
            }
        }
        for (utterance, tune) in zip(utterances, tunes) {
            (self.tune(tune) + [Int16](repeating: 0, count: 4800)).withUnsafeBufferPointer { utterance.accept($0) }
        }
        try step()
        let early = utterances.map { $0.reading().words.count }
        for utterance in utterances { utterance.finish() }
        try step()
        return zip(utterances, early).map { ($0.reading().words, $0.reading().words.count == $1) }
    }

    @Test func `without its phrases it is a transducer, which follows one reading or several`() throws {
        let copy = NSTemporaryDirectory() + "mynah-notes-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.folder, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.removeItem(atPath: copy + "/keywords.txt")
        let description = try ModelFolder(copy).inspect()
        #expect(description.family == .streamingTransducer && description.followsSeveralReadings == true)
        for beam in [1, 4] {
            let model = try StreamingModel(description, in: copy, options: RecognitionOptions(beamSize: beam))
            let utterance = try model.begin(keyPhrases: nil, language: nil)
            (tune("do re mi") + tune("")).withUnsafeBufferPointer { utterance.accept($0) }
            utterance.finish()
            while utterance.isReady { try model.step([utterance]) }
            #expect(utterance.reading().text == "do re mi", "with \(beam)")
        }
    }

    @Test func `each listener notices its own phrases, with their times, and nothing else`() throws {
        let model = try makeModel()
        let heard = try hear(
            ["do re mi", "fa do", "do re mi fa do", "do re mi", "mi re do"],
            [
                KeyPhrases(["do re mi"], sensitivity: 0.55), KeyPhrases(["do re mi"], sensitivity: 0.55),
                KeyPhrases(["do re mi", "fa do"], sensitivity: 0.55), nil, KeyPhrases(["do re mi", "fa do"], sensitivity: 0.55),
            ], with: model)
        #expect(heard.map { $0.words.map(\.text) } == [["do re mi"], [], ["do re mi", "fa do"], [], []])
        #expect(heard.map(\.wereEarly) == [true, true, true, true, true])
        let first = heard[0].words[0]
        #expect((400...700).contains(first.startMS) && (900...1250).contains(first.endMS))
        let second = heard[2].words[1]
        #expect((1000...1350).contains(second.startMS) && (1300...1800).contains(second.endMS), "\(first) \(second)")
    }

    @Test func `a phrase that cannot be spelt is refused, and another works after it`() throws {
        let model = try makeModel()
        let error = #expect(throws: SpeechError.self) {
            try model.begin(keyPhrases: KeyPhrases(["do sol"], sensitivity: 0.5), language: nil)
        }
        #expect(error?.message.contains("`sol`") == true)
        #expect(try hear(["fa do"], [KeyPhrases(["fa do"], sensitivity: 1)], with: model)[0].words.map(\.text) == ["fa do"])
    }
}
