import FoundationEssentials
import SpeechModel

/// How often a language uses each n-gram, from a profile of the language-detection project.
///
/// The file is JSON: `freq` counts n-grams of one to three letters, `n_words` holds the sums of all counts by length.
struct LanguageProfile {
    /// Packed n-grams in lower case, and their relative frequency among n-grams of their length (0–1).
    let frequencies: [UInt64: Float]
    /// What most letters of the language are written in.
    let script: Script

    /// More than any corpus holds; sums of such counts cannot overflow.
    private static let largestCount = 1 << 40

    private struct File: Decodable {
        var freq: [String: Int]
        var n_words: [Int]
    }

    /// Reads a profile.
    init(path: String) throws(SpeechError) {
        let data = try DataFile.read(path)
        let file: File
        do {
            file = try JSONDecoder().decode(File.self, from: data)
        } catch {
            throw DataFile.broken(path, "is not an n-gram profile", underlying: error)
        }
        guard !file.freq.isEmpty, file.n_words.count == NGram.longest, file.n_words.allSatisfy({ $0 > 0 }),
            file.freq.values.allSatisfy({ (0...Self.largestCount).contains($0) })
        else { throw DataFile.broken(path, "is not an n-gram profile: counts are missing or impossible") }

        // Whole numbers are summed, so that the order of the dictionary, which differs between runs, changes nothing.
        var counts: [UInt64: Int] = [:]
        counts.reserveCapacity(file.freq.count)
        var letters = [Int](repeating: 0, count: Script.allCases.count)
        for (text, count) in file.freq {
            let scalars = text.unicodeScalars.map { Letters.fold($0) ?? Letters.space }
            guard let key = NGram.key(scalars) else { continue }  // the profiles hold a few sequences with marks
            counts[key, default: 0] += count
            if scalars.count == 1, scalars[0] != Letters.space { letters[Int(Script(of: scalars[0]).rawValue)] += count }
        }
        var frequencies: [UInt64: Float] = [:]
        frequencies.reserveCapacity(counts.count)
        for (key, count) in counts { frequencies[key] = Float(count) / Float(file.n_words[NGram.length(of: key) - 1]) }
        self.frequencies = frequencies
        script = Script.allCases.max { letters[Int($0.rawValue)] < letters[Int($1.rawValue)] } ?? .other
    }
}
