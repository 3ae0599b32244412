import Foundation
import ModelLibrary
import SpeechModel
import Testing

@Suite struct PhraseSpellingTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mynah-spelling-\(UUID())")

    private func spelling(_ tokens: [String], scores: [String: Float] = [:], phones: String? = nil) throws -> PhraseSpelling {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try tokens.enumerated().map { "\($1) \($0)\n" }.joined().write(
            to: folder.appendingPathComponent("tokens.txt"), atomically: true, encoding: .utf8)
        // ModelProto.pieces of sentencepiece_model.proto: the text is field 1, the score field 2, its type field 3.
        let pieces = scores.sorted { $0.key < $1.key }.flatMap { text, score -> [UInt8] in
            let piece: [UInt8] =
                [0x0A, UInt8(text.utf8.count)] + Array(text.utf8) + [0x15]
                + withUnsafeBytes(of: score.bitPattern.littleEndian) { Array($0) } + [0x18, 1]
            return [0x0A, UInt8(piece.count)] + piece
        }
        if !scores.isEmpty { try Data(pieces).write(to: folder.appendingPathComponent("bpe.model")) }
        try phones?.write(to: folder.appendingPathComponent("en.phone"), atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try PhraseSpelling(tokens: folder.appendingPathComponent("tokens.txt").path)
    }

    @Test func `the fewest pieces, in the letters that the model has`() throws {
        let spelling = try spelling(["<blk>", "\u{2581}HE", "\u{2581}", "H", "E", "Y", "\u{2581}HEY", "LLO", "L", "O"])
        #expect(try spelling.spell("hey") == "\u{2581}HEY")
        #expect(try spelling.spell("hello hey") == "\u{2581}HE LLO \u{2581}HEY")
        let error = #expect(throws: SpeechError.self) { try spelling.spell("hey jarvis") }
        #expect(error?.code == .invalidConfiguration && error?.message.contains("`jarvis`") == true)
    }

    @Test func `Chinese by its pinyin, in parts or whole, or by its characters`() throws {
        let parts = ["<blk>", "n", "ǐ", "h", "ǎo", "zh", "z", "ōng", "ong", "g", "uó", "y"]
        #expect(try spelling(parts).spell("你好") == "n ǐ h ǎo")
        #expect(try spelling(parts).spell("你好 中国") == "n ǐ h ǎo zh ōng g uó")
        #expect(try spelling(["<blk>", "nǐ", "hǎo", "n", "ǐ"]).spell("你好") == "nǐ hǎo")
        #expect(try spelling(["<blk>", "你", "好", "\u{2581}HEY"]).spell("hey你好") == "\u{2581}HEY 你 好")
        let error = #expect(throws: SpeechError.self) { try spelling(parts).spell("你们") }
        #expect(error?.message.contains("`你们`") == true)
    }

    @Test func `words by their phones, where there is a lexicon of them`() throws {
        let spelling = try spelling(
            ["<blk>", "HH", "AH0", "L", "OW1", "n", "ǐ", "h", "ǎo"], phones: "HELLO HH AH0 L OW1\nBYE B AY1\nHELLO X\n\n")
        #expect(try spelling.spell("hello 你好") == "HH AH0 L OW1 n ǐ h ǎo")
        // Phones that are no tokens, and words that are not in it.
        #expect(throws: SpeechError.self) { try spelling.spell("bye") }
        #expect(throws: SpeechError.self) { try spelling.spell("jarvis") }
    }

    @Test func `the likeliest pieces, where there are scores`() throws {
        let tokens = ["<blk>", "\u{2581}a", "b", "ab", "\u{2581}", "\u{2581}ab"]
        #expect(try spelling(tokens).spell("ab") == "\u{2581}ab")
        let scores: [String: Float] = ["\u{2581}a": -1, "b": -1, "\u{2581}ab": -3, "\u{2581}": -5, "ab": -2]
        #expect(try spelling(tokens, scores: scores).spell("ab") == "\u{2581}a b")
    }
}
