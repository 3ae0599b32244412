import Foundation
public import SpeechModel

/// Spells phrases in a model's tokens, as a keyword spotter wants them.
///
/// Of all ways to put a word together from pieces it takes the likeliest by the scores in `bpe.model`, as a unigram model of
/// SentencePiece does (Kudo, Subword Regularization, ACL 2018); without that file the one with the fewest pieces.
public struct PhraseSpelling: Sendable {
    /// What SentencePiece writes for the space in front of a word.
    private static let space: Character = "\u{2581}"
    private static let scoresFile = "bpe.model"
    /// Of a piece that the scores do not know.
    private static let unknownScore: Float = -20

    private let pieces: [String: Float]
    private let path: String
    private let hasCapitalsOnly: Bool
    private let longest: Int

    /// Reads the tokens of a model, and the scores beside them.
    ///
    /// - Throws: ``ErrorCode/brokenModel``.
    public init(tokens path: String) throws(SpeechError) {
        self.path = path
        let list = try TokenList(path)
        let scores = Self.scores(
            URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(Self.scoresFile).path)
        var pieces: [String: Float] = [:]
        for token in list.texts where !token.hasPrefix("<") && token != " " {
            pieces[token] = scores.isEmpty ? -1 : scores[token] ?? Self.unknownScore
        }
        self.pieces = pieces
        hasCapitalsOnly = list.hasCapitalsOnly
        longest = pieces.keys.map(\.count).max() ?? 0
    }

    /// Any piece, for what has to be there and is never listened for.
    public var anyPiece: String? { pieces.keys.min() }

    /// The tokens of a phrase, with a space between.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` naming the word that cannot be spelt.
    public func spell(_ phrase: String) throws(SpeechError) -> String {
        var tokens: [String] = []
        for word in phrase.split(separator: " ") {
            let written = hasCapitalsOnly ? word.uppercased() : String(word)
            guard let spelling = spell(word: written) else {
                throw SpeechError(
                    .invalidConfiguration, "The keyword model cannot spell `\(word)` with the tokens in \(path).",
                    advice: "Choose another phrase or another model; those that listen for phones need phrases written in them.")
            }
            tokens += spelling
        }
        return tokens.joined(separator: " ")
    }

    /// Viterbi's search over the places where pieces can meet.
    private func spell(word: String) -> [String]? {
        let characters = [Self.space] + word
        // Of each place the best way to it: its score, and where its last piece begins.
        var best: [(score: Float, from: Int)?] = [(0, 0)] + Array(repeating: nil, count: characters.count)
        for end in 1...characters.count {
            for from in max(0, end - longest)..<end {
                guard let before = best[from], let score = pieces[String(characters[from..<end])] else { continue }
                if best[end].map({ before.score + score > $0.score }) ?? true { best[end] = (before.score + score, from) }
            }
        }
        var spelling: [String] = []
        var end = characters.count
        while end > 0 {
            guard let way = best[end] else { return nil }
            spelling.append(String(characters[way.from..<end]))
            end = way.from
        }
        return spelling.reversed()
    }

    /// Pieces and their logarithmic probabilities, of `sentencepiece_model.proto`; empty when there are none.
    private static func scores(_ path: String) -> [String: Float] {
        guard let data = FileManager.default.contents(atPath: path) else { return [:] }
        return data.withUnsafeBytes { bytes in
            var scores: [String: Float] = [:]
            var model = ProtobufFields(bytes)
            while let field = model.next() {
                guard field.number == 1 else { continue }
                var piece = ProtobufFields(field.bytes)
                var (text, score): (String?, Float) = (nil, 0)
                while let part = piece.next() {
                    if part.number == 1 { text = String(decoding: part.bytes, as: UTF8.self) }
                    if part.number == 2, part.bytes.count == 4 {
                        score = Float(bitPattern: UInt32(littleEndian: part.bytes.loadUnaligned(as: UInt32.self)))
                    }
                }
                if let text { scores[text] = score }
            }
            return scores
        }
    }
}
