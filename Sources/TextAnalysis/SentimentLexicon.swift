import FoundationEssentials
import SpeechModel

/// English words with the mean of how ten people rated them, from −4 (extremely negative) to 4 (extremely positive).
///
/// The file has one entry per line, fields parted by tabs: word, mean rating, and more that is not read here. Emoticons are left
/// out: nobody says them.
struct SentimentLexicon: Sendable {
    /// Ratings by word; an entry of several words is written with one space between them.
    private let ratings: [String: Float]
    /// First words of entries of several words.
    private let phraseStarts: Set<String>

    /// Reads a lexicon.
    init(path: String) throws(SpeechError) {
        let text = String(decoding: try DataFile.read(path), as: UTF8.self)
        var ratings: [String: Float] = [:]
        ratings.reserveCapacity(8000)
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let fields = line.split(separator: UInt8(ascii: "\t"), maxSplits: 2, omittingEmptySubsequences: false)
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
            guard fields.count >= 2, let rating = Float(Substring(fields[1])), abs(rating) <= 4 else {
                throw DataFile.broken(path, "is not a sentiment lexicon: line \(index + 1) has no rating from −4 to 4")
            }
            if Self.isSpoken(fields[0]) { ratings[String(Substring(fields[0]))] = rating }
        }
        guard !ratings.isEmpty else { throw DataFile.broken(path, "is not a sentiment lexicon: it has no words") }
        ratings.merge(SentimentPhrases.ratings) { _, ours in ours }
        self.ratings = ratings
        phraseStarts = Set(
            ratings.keys.filter { $0.contains(" ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
        )
        .union(SentimentPhrases.degreeStarts)
    }

    /// The rating of a word in lower case, or of a phrase; nil for one without feeling.
    func rating(of word: String) -> Float? { ratings[word] }

    /// Whether an entry of several words begins with `word`.
    func startsPhrase(_ word: String) -> Bool { phraseStarts.contains(word) }

    /// Letters with hyphens, apostrophes and spaces, not only one letter.
    private static func isSpoken(_ word: Substring.UTF8View) -> Bool {
        let letters = word.count { (0x61...0x7A).contains($0) }
        guard letters >= 2, let first = word.first, (0x61...0x7A).contains(first) else { return false }
        return word.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x27 || $0 == 0x2D || $0 == 0x20 }
    }
}
