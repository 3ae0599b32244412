import Foundation
import ModelLibrary
import SherpaEngine
import SpeechModel
import Testing
import Workers

/// The models of the fixtures, without a process around them.
@Suite struct NeuralModelTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static func folder(_ name: String) -> String { "\(root)/Tests/Fixtures/models/\(name)" }

    private static func streaming() throws -> StreamingModel {
        let folder = folder("commands-en")
        return try StreamingModel(ModelFolder(folder).inspect(), in: folder, options: RecognitionOptions())
    }

    private static func whole() throws -> WholeUtteranceModel {
        let folder = folder("loudness")
        return try WholeUtteranceModel(ModelFolder(folder).inspect(), in: folder, options: RecognitionOptions(threads: 2))
    }

    /// “go forward ten meters”, said by a person.
    private static func speech(louder: Int = 1) throws -> [Int16] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(root)/.native/speech/goforward.raw"))
        return data.withUnsafeBytes { $0.bindMemory(to: Int16.self).map { Int16(clamping: Int($0) * louder) } }
    }

    /// Takes steps with all that are ready until none is.
    private func settle(_ utterances: [any BatchedUtterance], _ model: any BatchDecoder) throws {
        while true {
            let ready = utterances.filter(\.isReady)
            guard !ready.isEmpty else { return }
            try model.step(ready)
        }
    }

    private func hear(_ audio: [Int16], _ count: Int, _ model: any BatchDecoder) throws -> [Hypothesis] {
        let utterances = try (0..<count).map { _ in try model.begin(keyPhrases: nil, language: nil) }
        for start in stride(from: 0, to: audio.count, by: 1600) {
            let piece = Array(audio[start..<min(audio.count, start + 1600)])
            for utterance in utterances { piece.withUnsafeBufferPointer { utterance.accept($0) } }
            try settle(utterances, model)
        }
        for utterance in utterances { utterance.finish() }
        try settle(utterances, model)
        return utterances.map { $0.reading() }
    }

    @Test func `a streaming model writes words with their times, alone as in a batch`() throws {
        let model = try Self.streaming()
        let audio = try Self.speech()
        let alone = try #require(try hear(audio, 1, model).first)
        #expect(!alone.words.isEmpty)
        #expect(alone.words.allSatisfy { $0.startMS <= $0.endMS && $0.endMS <= audio.count / 16 && $0.confidence == 1 })
        #expect(zip(alone.words, alone.words.dropFirst()).allSatisfy { $0.endMS <= $1.startMS })
        #expect(try hear(audio, 5, model).allSatisfy { $0.text == alone.text })
    }

    @Test func `a model of whole utterances reads them again as they grow`() throws {
        let model = try Self.whole()
        let audio = try Self.speech(louder: 8)
        let utterance = try model.begin(keyPhrases: nil, language: nil)
        audio[..<16_000].withUnsafeBufferPointer { utterance.accept($0) }
        #expect(utterance.isReady)
        try model.step([utterance])
        #expect(!utterance.isReady)
        audio[16_000..<24_000].withUnsafeBufferPointer { utterance.accept($0) }
        // Less than a second more is not worth it, unless it is the end.
        #expect(!utterance.isReady)
        utterance.finish()
        #expect(utterance.isReady)
        try settle([utterance], model)
        #expect(utterance.reading().words.allSatisfy { $0.text == "a" } && !utterance.reading().words.isEmpty)
    }

    @Test func `silence is no word`() throws {
        #expect(try hear([Int16](repeating: 0, count: 16_000), 1, Self.streaming()) == [Hypothesis(words: [])])
        #expect(try hear([Int16](repeating: 0, count: 16_000), 2, Self.whole()).allSatisfy { $0.words.isEmpty })
    }

    @Test func `wake words are refused`() throws {
        for model in [try Self.streaming() as any BatchDecoder, try Self.whole()] {
            let error = #expect(throws: SpeechError.self) {
                _ = try model.begin(keyPhrases: KeyPhrases(["hey"], sensitivity: 0.5), language: nil)
            }
            #expect(error?.code == .recogniserFailed)
        }
    }

    @Test func `a model of the other sort, or one that the library refuses, is told`() throws {
        let commands = Self.folder("commands-en"), loudness = Self.folder("loudness")
        #expect(throws: SpeechError.self) {
            _ = try StreamingModel(ModelFolder(loudness).inspect(), in: loudness, options: RecognitionOptions())
        }
        #expect(throws: SpeechError.self) {
            _ = try WholeUtteranceModel(ModelFolder(commands).inspect(), in: commands, options: RecognitionOptions())
        }
        // The files of one folder are looked for in another.
        let error = #expect(throws: SpeechError.self) {
            _ = try StreamingModel(ModelFolder(commands).inspect(), in: "/nonexistent", options: RecognitionOptions())
        }
        #expect(error?.code == .brokenModel)
    }
}
