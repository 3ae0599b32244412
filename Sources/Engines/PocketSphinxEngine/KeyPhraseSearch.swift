import CPocketSphinx
import Glibc
import SpeechModel

/// PocketSphinx's keyphrase search with certain phrases, beside the search for words in the same decoder: both share its acoustic model.
///
/// The engine compares a path through the phrase's phones with the best path through any phones; the logarithm of that ratio is what
/// ``Threshold`` speaks of. Every pronunciation that the dictionary has is listened for.
struct KeyPhraseSearch {
    /// The engine's name for the search; there is one at a time.
    static let name = "keyphrases"
    /// What the engine takes off a detection's score, in its own units (`KWS_MAX` of its `kws_search.c`).
    private static let scoreOffset = 1500.0
    /// The engine drops so many bits of its logarithms in scores (`SENSCR_SHIFT` of its `hmm.h`).
    private static let scoreStep = 1024.0
    /// Pronunciations of one phrase that are listened for at most: those of three words with two each.
    private static let maximumPronunciations = 8

    let phrases: KeyPhrases
    /// The phrase and its threshold, by the text that the engine knows it by: with the marks of pronunciations, `hello(2) house`.
    private let spoken: [String: (phrase: String, threshold: Threshold)]

    /// Makes the search in `decoder`, instead of the one before.
    ///
    /// - Throws: ``ErrorCode/recogniserFailed`` when the engine refuses. Words that are not in the dictionary are ignored with their phrase.
    init(_ phrases: KeyPhrases, in decoder: OpaquePointer) throws(SpeechError) {
        self.phrases = phrases
        var spoken: [String: (phrase: String, threshold: Threshold)] = [:]
        for text in phrases.texts {
            for (name, phones) in Self.pronunciations(of: text, in: decoder) {
                spoken[name] = (text, Threshold(phones: phones))
            }
        }
        self.spoken = spoken
        let lines = spoken.map { "\($0.key)/\(pow(10, $0.value.threshold.logRatio(at: phrases.sensitivity)))/\n" }
        // The engine reads phrases with thresholds of their own from a file only: a pipe takes them, far smaller than it is (64 KiB).
        var ends: [CInt] = [-1, -1]
        let bytes = Array(lines.joined().utf8)
        let isWritten = pipe(&ends) == 0 && write(ends[1], bytes, bytes.count) == bytes.count
        close(ends[1])
        defer { close(ends[0]) }
        guard isWritten, !spoken.isEmpty, ps_add_kws(decoder, Self.name, "/proc/self/fd/\(ends[0])") == 0 else {
            throw SpeechError(
                .recogniserFailed, "PocketSphinx cannot listen for \(phrases.texts.count) phrases.",
                advice: "Compare wakeword.phrases with the dictionary.")
        }
    }

    /// The phrases that were said in the decoder's utterance so far, the one with the best score first.
    func heard(by decoder: OpaquePointer, frameMS: Int) -> [Word] {
        let unit = Self.scoreStep * log10(logmath_get_base(ps_get_logmath(decoder)))
        var words: [Word] = []
        var segment = ps_seg_iter(decoder)
        while let current = segment {
            if let name = ps_seg_word(current), let (phrase, threshold) = spoken[String(cString: name)] {
                var start: CInt = 0
                var end: CInt = 0
                ps_seg_frames(current, &start, &end)
                let logRatio = (Double(ps_seg_prob(current, nil, nil, nil)) + Self.scoreOffset) * unit
                words.append(
                    Word(
                        phrase, startMS: Int(start) * frameMS, endMS: (Int(end) + 1) * frameMS,
                        confidence: threshold.score(logRatio: logRatio)))
            }
            segment = ps_seg_next(current)
        }
        return words.sorted { $0.confidence > $1.confidence }
    }

    /// How often the dictionary's pronunciations of the words can be combined, as the engine names them, with their number of phones.
    private static func pronunciations(of text: String, in decoder: OpaquePointer) -> [(name: String, phones: Int)] {
        var found: [(name: String, phones: Int)] = [("", 0)]
        for word in text.split(separator: " ") {
            var variants: [(name: String, phones: Int)] = []
            while variants.count < maximumPronunciations {
                let name = variants.isEmpty ? String(word) : "\(word)(\(variants.count + 1))"
                guard let phones = ps_lookup_word(decoder, name) else { break }
                variants.append((name, String(cString: phones).split(separator: " ").count))
                free(phones)
            }
            let combined = found.flatMap { before in
                variants.map { (before.name.isEmpty ? $0.name : before.name + " " + $0.name, before.phones + $0.phones) }
            }
            found = Array(combined.prefix(maximumPronunciations))
        }
        return found
    }
}

extension KeyPhraseSearch {
    /// How clearly a phrase must be heard, by its number of phones.
    ///
    /// Measured (docs/benchmarks.md) with ten phrases of 4 to 17 phones in half an hour of speech without them: the best ratio that
    /// other speech reaches falls by about seven decades with each phone, from 10^20 with four to 10^−35 with ten, while what the
    /// phrase itself reaches hardly depends on its length: 10^−25 to 10^45. From ten phones on nothing is gained by going lower, only
    /// phrases that are cut short would be taken.
    struct Threshold {
        /// Decades of likelihood between the least and the greatest sensitivity.
        private static let span = 50.0

        /// What the least sensitivity asks for: the logarithm to base 10 of how much likelier the phrase must be than any other sounds.
        private let strictest: Double

        init(phones: Int) { strictest = max(70 - 7 * Double(phones), -2) }

        /// What a sensitivity of 0–1 asks for, as the engine takes it, but as a logarithm to base 10.
        func logRatio(at sensitivity: Double) -> Double { strictest - Self.span * sensitivity }

        /// The least sensitivity that would have noticed it, taken from 1: so a phrase that is noticed has a score of at least
        /// 1 − sensitivity.
        func score(logRatio: Double) -> Double { min(max(1 - (strictest - logRatio) / Self.span, 0), 1) }
    }
}
