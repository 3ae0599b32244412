import Glibc
import SpeechModel

/// Makes words with times of what a model writes: a text, and the pieces of it that it emitted, each at a moment.
///
/// Families write their pieces differently (a space in front of a word's first piece, `@@` behind all but its last, single characters),
/// but the text that the native library joins of them is always right. So words are taken from the text, and their times by counting
/// the letters of the pieces along it.
enum TokenWords {
    /// One emitted piece.
    struct Token {
        var text: String
        /// Milliseconds from the utterance's start.
        var startMS: Int
        /// Where the model says how long it lasts.
        var durationMS: Int?
        /// Natural logarithm of the probability, where the model gives one.
        var logProbability: Double?
    }

    /// A piece is emitted where the model became sure of it; its sound lasts about so long, where the model does not say.
    private static let pieceMS = 120

    /// - Parameters:
    ///   - endMS: the utterance's length: no word ends later.
    ///   - lowercases: whether the model knows capital letters only, which then mean nothing.
    static func words(text: String, tokens: [Token], endMS: Int, lowercases: Bool) -> [Word] {
        let words = split(text)
        let letters = words.map { $0.unicodeScalars.count }
        let total = letters.reduce(0, +)
        guard total > 0 else { return [] }
        let places = Places(tokens, letters: total, endMS: endMS)
        var result: [Word] = []
        var at = 0
        for (word, count) in zip(words, letters) {
            let start = places.startMS(of: at)
            let end = min(endMS, max(start, places.endMS(of: at + count - 1)))
            result.append(
                Word(
                    lowercases ? word.lowercased() : word, startMS: min(start, endMS), endMS: end,
                    confidence: places.confidence(at..<at + count)))
            at += count
        }
        // A word ends before the next one begins.
        for index in result.indices.dropLast() {
            result[index].endMS = max(result[index].startMS, min(result[index].endMS, result[index + 1].startMS))
        }
        return result
    }

    /// Words stand between spaces; of scripts that write none each character is one.
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var current = ""
        for character in text {
            let standsAlone = character.unicodeScalars.first.map(isIdeographic) ?? false
            if standsAlone || character.isWhitespace {
                if !current.isEmpty { words.append(current) }
                current = ""
                if standsAlone { words.append(String(character)) }
            } else {
                current.append(character)
            }
        }
        if !current.isEmpty { words.append(current) }
        return words
    }

    /// Chinese characters and kana; Korean writes spaces.
    private static func isIdeographic(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: true
        default: false
        }
    }

    /// Where each letter of the text is, in time.
    private struct Places {
        private let tokens: [Token]
        /// For each letter which token it is of; without tokens, or when their letters are not the text's, spread evenly.
        private let owners: [Int]
        private let letters: Int
        private let endMS: Int

        init(_ tokens: [Token], letters: Int, endMS: Int) {
            let spoken = tokens.map { Self.letters(of: $0.text) }
            let count = spoken.reduce(0, +)
            self.letters = letters
            self.endMS = endMS
            self.tokens = tokens
            guard count > 0 else {
                owners = []
                return
            }
            let all = zip(tokens.indices, spoken).flatMap { Array(repeating: $0, count: $1) }
            // Text that was written anew afterwards (numbers, for instance) has other letters, at about the same places.
            owners = count == letters ? all : (0..<letters).map { all[$0 * count / letters] }
        }

        /// The letters of a piece, without the marks that join pieces.
        private static func letters(of piece: String) -> Int {
            var piece = Substring(piece)
            if piece.hasSuffix("@@") { piece = piece.dropLast(2) }
            return piece.unicodeScalars.count { !$0.properties.isWhitespace && $0 != "\u{2581}" }
        }

        func startMS(of letter: Int) -> Int {
            owners.isEmpty ? endMS * letter / letters : tokens[owners[letter]].startMS
        }

        func endMS(of letter: Int) -> Int {
            guard !owners.isEmpty else { return endMS * (letter + 1) / letters }
            let token = tokens[owners[letter]]
            return token.startMS + (token.durationMS ?? TokenWords.pieceMS)
        }

        /// The geometric mean of the pieces' probabilities; 1 where the model gives none.
        func confidence(_ range: Range<Int>) -> Double {
            guard !owners.isEmpty else { return 1 }
            let logs = Set(owners[range]).compactMap { tokens[$0].logProbability }
            return logs.isEmpty ? 1 : exp(logs.reduce(0, +) / Double(logs.count))
        }
    }
}
