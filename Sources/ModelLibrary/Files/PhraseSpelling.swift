import Foundation
public import SpeechModel

/// Spells phrases in a model's tokens, as a keyword spotter wants them: words as the lexicon beside it has them in phones, Chinese in
/// characters or their pinyin, others in pieces of words.
///
/// Of all ways to put a word together from pieces it takes the likeliest by the scores in `bpe.model`, as a unigram model of
/// SentencePiece does (Kudo, Subword Regularization, ACL 2018); without that file the one with the fewest pieces.
public struct PhraseSpelling: Sendable {
    /// What SentencePiece writes for the space in front of a word.
    private static let space: Character = "\u{2581}"
    static let scoresFile = "bpe.model"
    /// English words and their phones.
    static let lexiconFile = "en.phone"
    /// Of a piece that the scores do not know.
    private static let unknownScore: Float = -20

    private let pieces: [String: Float]
    private let phones: [Substring: [Substring]]
    private let path: String
    private let hasCapitalsOnly: Bool
    private let longest: Int

    /// Reads the tokens of a model, and the scores beside them.
    ///
    /// - Throws: ``ErrorCode/brokenModel``.
    public init(tokens path: String) throws(SpeechError) {
        self.path = path
        let list = try TokenList(path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let scores = Self.scores(folder.appendingPathComponent(Self.scoresFile).path)
        phones = Self.phones(folder.appendingPathComponent(Self.lexiconFile).path)
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
        for word in phrase.split(separator: " ").flatMap(Self.parts) {
            guard let spelling = spell(part: word) else {
                throw SpeechError(
                    .invalidConfiguration, "The keyword model cannot spell `\(word)` with the tokens in \(path).",
                    advice: "Choose another phrase or another model.")
            }
            tokens += spelling
        }
        return tokens.joined(separator: " ")
    }

    /// Chinese characters apart from others.
    private static func parts(_ word: Substring) -> [Substring] {
        var parts: [Substring] = []
        for index in word.indices {
            let isFirst = index == word.startIndex
            if isFirst || isChinese(word[index]) != isChinese(word[word.index(before: index)]) {
                parts.append(word[index...index])
            } else if let last = parts.last {
                parts[parts.count - 1] = word[last.startIndex...index]
            }
        }
        return parts
    }

    private static func isChinese(_ character: Character) -> Bool {
        character.unicodeScalars.first.map { (0x4E00...0x9FFF).contains($0.value) } ?? false
    }

    private func spell(part: Substring) -> [String]? {
        if part.first.map(Self.isChinese) == true { return spell(chinese: part) }
        for written in [part, Substring(part.uppercased()), Substring(part.lowercased())] {
            if let phones = phones[written], phones.allSatisfy({ pieces[String($0)] != nil }) { return phones.map(String.init) }
        }
        return spell([Self.space] + (hasCapitalsOnly ? part.uppercased() : String(part)))
    }

    /// By characters where the model has them, else by their pinyin, whole or parted into initials and finals.
    private func spell(chinese: Substring) -> [String]? {
        if chinese.allSatisfy({ pieces[String($0)] != nil }) { return chinese.map { String($0) } }
        let pinyin = String(chinese).applyingTransform(.mandarinToLatin, reverse: false)?.precomposedStringWithCanonicalMapping
        var tokens: [String] = []
        for syllable in pinyin?.split(separator: " ") ?? [] {
            guard let spelling = spell(Array(syllable)) else { return nil }
            tokens += spelling
        }
        return tokens.isEmpty ? nil : tokens
    }

    /// Viterbi's search over the places where pieces can meet.
    private func spell(_ characters: [Character]) -> [String]? {
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

    private static func phones(_ path: String) -> [Substring: [Substring]] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        let lines = text.split(separator: "\n").map { $0.split { $0.isWhitespace } }.filter { $0.count > 1 }
        return Dictionary(lines.map { ($0[0], Array($0.dropFirst())) }) { first, _ in first }
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
