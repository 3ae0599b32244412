import Foundation
import SpeechModel
import Testing
import Workers

@testable import PocketSphinxEngine

/// The real model: how clearly it hears a phrase cannot be scripted.
@Suite struct KeyPhraseTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let models = root.appendingPathComponent(".native/models/pocketsphinx/en-us").path

    /// Real speech: "go forward ten meters".
    private func speech() throws -> [Int16] {
        let data = try Data(contentsOf: Self.root.appendingPathComponent(".native/speech/goforward.raw"))
        return data.withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
    }

    private func heard(_ decoder: PocketSphinxDecoder, _ phrases: [String]?, _ sensitivity: Double = 0.55) throws -> [Word] {
        try decoder.start(
            adaptation: nil, suppressesNoise: false, keyPhrases: phrases.map { KeyPhrases($0, sensitivity: sensitivity) })
        for piece in stride(from: 0, to: try speech().count, by: 512) {
            try speech()[piece..<min(piece + 512, try speech().count)].withUnsafeBufferPointer { try decoder.accept($0) }
        }
        let partial = decoder.partial().words
        let final = try decoder.finish()
        #expect(final.adaptation?.isEmpty == false)
        if phrases != nil { #expect(partial == final.hypothesis.words && final.hypothesis.alternatives.isEmpty) }
        return final.hypothesis.words
    }

    @Test func `one decoder listens for phrases and for words in turn`() throws {
        let decoder = try PocketSphinxDecoder(models: Self.models, mode: .live)
        let found = try heard(decoder, ["go forward", "open the window"])
        #expect(found.map(\.text) == ["go forward"])
        // With the least sensitivity that hears it, it has that score; and with none it is not heard unless the score is 1.
        #expect(found[0].confidence > 0.45)
        #expect(try heard(decoder, nil).map(\.text).joined(separator: " ") == "go forward ten meters")
        #expect(try heard(decoder, ["open the window"]).isEmpty)
        let again = try heard(decoder, ["go forward", "open the window"])
        #expect(again == found)
        let words = try heard(decoder, nil)
        // The phrase ends where its last word does.
        #expect(abs(found[0].endMS - words[1].endMS) <= 60)
        decoder.cancel()
    }

    @Test func `a longer phrase asks for less, and a higher sensitivity too`() {
        let thresholds = (1...40).map { KeyPhraseSearch.Threshold(phones: $0) }
        for (short, long) in zip(thresholds, thresholds.dropFirst()) {
            #expect(short.logRatio(at: 0.5) >= long.logRatio(at: 0.5))
        }
        for threshold in thresholds {
            #expect(threshold.logRatio(at: 0.3) > threshold.logRatio(at: 0.8))
            // What is just noticed has the score that goes with the sensitivity.
            for sensitivity in [0, 0.25, 0.55, 1] {
                #expect(abs(threshold.score(logRatio: threshold.logRatio(at: sensitivity)) - (1 - sensitivity)) < 1e-9)
            }
            #expect(threshold.score(logRatio: 500) == 1 && threshold.score(logRatio: -500) == 0)
        }
    }

    @Test func `phrases of unknown words or of hardly a sound are refused by name`() throws {
        try PronunciationDictionary.check(["hey computer", "o'clock", "hello house"], models: Self.models)
        try PronunciationDictionary.check([], models: Self.models)
        let unknown = #expect(throws: SpeechError.self) {
            try PronunciationDictionary.check(["hey computer", "hello mynahbird"], models: Self.models)
        }
        #expect(unknown?.code == .invalidConfiguration)
        for text in ["“hello mynahbird”", "“mynahbird”", "dictionary", "wakeword.phrases"] {
            #expect(unknown?.description.contains(text) == true)
        }
        let short = #expect(throws: SpeechError.self) { try PronunciationDictionary.check(["hey"], models: Self.models) }
        #expect(short?.code == .invalidConfiguration && short?.description.contains("“hey”") == true)
        let missing = #expect(throws: SpeechError.self) { try PronunciationDictionary.check(["hey"], models: "/nowhere") }
        #expect(missing?.code == .brokenModel)
    }

    @Test func `a decoder refuses phrases that it cannot pronounce`() throws {
        let decoder = try PocketSphinxDecoder(models: Self.models, mode: .live)
        let refused = #expect(throws: SpeechError.self) {
            try decoder.start(
                adaptation: nil, suppressesNoise: false, keyPhrases: KeyPhrases(["mynahbird"], sensitivity: 0.5))
        }
        #expect(refused?.code == .recogniserFailed)
        #expect(try heard(decoder, nil).count == 4)
    }
}
