import Glibc
import SpeechModel

/// Tells languages apart by script, then by naive Bayes over the letters.
///
/// The classifier is the one of N. Shuyo's language-detection (Cybozu Labs, 2010): n-grams of one to three letters with the edges
/// of words, additive smoothing, all languages equally likely beforehand, and its profiles, counted in Wikipedia. It differs so
/// that it suits transcripts:
///
/// - Every n-gram counts, instead of random draws: a transcript is short, and the same text must give the same answer.
/// - Capitals are folded in profiles and text, since recognisers write none, or their own.
/// - The posterior is tempered. n-grams overlap (each letter takes part in up to six), so multiplying their likelihoods as if they
///   were independent claims certainty after two words. Raised to 0.3 the posterior agrees with the share of right answers from one
///   word to ten; exponent and smoothing were chosen on sentences in twelve languages that are not those of the tests.
/// - Only languages that are written in the text's main script compete. Chinese, Japanese and Korean are told by script alone.
struct LanguageIdentifier: Sendable {
    /// Letters that are read; the rest of a longer text would not change the answer.
    static let letterLimit = 4000
    /// Added to relative frequencies.
    static let smoothing: Float = 1e-5
    /// The exponent of the posterior.
    static let temper: Float = 0.3
    /// How probable an expected language is before a word is read; the others share the rest.
    static let expectedPrior: Float = 0.9
    /// No answer is surer: the sentences that it was measured on cannot show more.
    static let maximumConfidence = 0.99

    private let codes: [String]
    private let scripts: [Script]
    private let table: NGramTable
    private let eastAsian: Set<String>

    /// Reads the profiles of `languages` from the folder `profiles`.
    init(profiles folder: String, languages: [String]) throws(SpeechError) {
        guard !languages.isEmpty else {
            throw SpeechError(
                .invalidConfiguration, "No language is configured to be identified.",
                advice: "Name at least one ISO 639-1 code, for instance `en`.")
        }
        var codes: [String] = []
        var profiles: [LanguageProfile] = []
        var eastAsian: Set<String> = []
        for code in languages where !codes.contains(code) {
            // The code becomes part of a path.
            guard (2...3).contains(code.utf8.count), code.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) else {
                throw SpeechError(
                    .invalidConfiguration, "'\(code)' is not a language code.",
                    advice: "Use ISO 639-1 codes in lower case, for instance `en`.")
            }
            if ["zh", "ja", "ko"].contains(code) {
                eastAsian.insert(code)
            } else {
                codes.append(code)
                profiles.append(try LanguageProfile(path: "\(folder)/\(code)"))
            }
        }
        self.codes = codes
        self.eastAsian = eastAsian
        scripts = profiles.map(\.script)
        table = NGramTable(profiles, floor: Self.smoothing)
    }

    /// The most likely language, and how likely it is; ``TextAnalyser/unknownLanguage`` with 0 where nothing can be said.
    ///
    /// `expected` has the prior probability ``expectedPrior`` if it can be written in the text's script.
    func language(of text: String, expecting expected: String?) -> (code: String, confidence: Double) {
        let letters = Letters(of: text, limit: Self.letterLimit)
        // The main script, and the share of the text that is written in it; the East Asian ones are mixed by nature.
        var weights = Script.allCases.map { letters.count($0) * $0.weight }
        let total = weights.reduce(0, +)
        for script in [Script.kana, .hangul] {
            weights[Int(Script.han.rawValue)] += weights[Int(script.rawValue)]
            weights[Int(script.rawValue)] = 0
        }
        guard total > 0, let main = Script.allCases.max(by: { weights[Int($0.rawValue)] < weights[Int($1.rawValue)] }) else {
            return (TextAnalyser.unknownLanguage, 0)
        }
        let candidates = main == .han ? eastAsianLikelihoods(of: letters) : alphabeticLikelihoods(of: letters, in: main)
        guard let guess = Self.mostLikely(of: candidates, expecting: expected) else { return (TextAnalyser.unknownLanguage, 0) }
        let share = Double(weights[Int(main.rawValue)]) / Double(total)
        return (guess.code, min(guess.probability, Self.maximumConfidence) * share)
    }

    /// A language with the logarithm of how likely it makes the text, up to a constant.
    private typealias Candidate = (code: String, logLikelihood: Float)

    private static func mostLikely(
        of candidates: [Candidate], expecting expected: String?
    ) -> (code: String, probability: Double)? {
        var candidates = candidates
        if let expected, candidates.count > 1, let index = candidates.firstIndex(where: { $0.code == expected }) {
            candidates[index].logLikelihood += log(expectedPrior / (1 - expectedPrior) * Float(candidates.count - 1))
        }
        guard let best = candidates.max(by: { $0.logLikelihood < $1.logLikelihood }) else { return nil }
        let sum = candidates.reduce(Float(0)) { $0 + exp($1.logLikelihood - best.logLikelihood) }
        return (best.code, Double(1 / sum))
    }

    private func alphabeticLikelihoods(of letters: Letters, in script: Script) -> [Candidate] {
        var sums = [Float](repeating: 0, count: codes.count)
        var known = 0
        NGram.forEach(in: letters, of: script) { key in
            if table.add(key, to: &sums) { known += 1 }
        }
        guard known > 0 else { return [] }
        return codes.indices.filter { scripts[$0] == script }.map { (codes[$0], Self.temper * sums[$0]) }
    }

    private func eastAsianLikelihoods(of letters: Letters) -> [Candidate] {
        let (han, kana, hangul) = (letters.count(.han), letters.count(.kana), letters.count(.hangul))
        let candidates: [Candidate]
        if 2 * hangul > han + kana {
            candidates = [("ko", 0)]
        } else if 10 * kana > han + kana {
            // Chinese has no kana; a stray の in a Chinese sentence changes nothing.
            candidates = [("ja", 0)]
        } else {
            // About every second character of running Japanese is kana, so n characters without any are Japanese by 2⁻ⁿ.
            candidates = [("zh", 0), ("ja", -Float(han) * log(2))]
        }
        return candidates.filter { eastAsian.contains($0.code) }
    }
}
