/// One word, or one phrase that is read as a word, with what the rules want to know about it.
struct RatedWord: Sendable {
    /// In lower case, without punctuation around it.
    let text: String
    /// From the lexicon; nil for a word without feeling.
    let rating: Float?
    /// How much it strengthens (above 0) or weakens what follows; nil if it does not.
    let degree: Float?
    /// Whether it negates what follows.
    let isNegation: Bool

    init(_ text: String, lexicon: SentimentLexicon) {
        self.text = text
        degree = DegreeWords.change(by: text)
        // A degree word has no feeling of its own here: "incredibly bad" is not half good.
        rating = degree == nil ? lexicon.rating(of: text) : nil
        isNegation = Negation.contains(text)
    }

    /// The words of `text`, as the rules see them.
    static func words(in text: String, lexicon: SentimentLexicon) -> [RatedWord] {
        let plain = plainWords(in: text)
        var words: [RatedWord] = []
        words.reserveCapacity(plain.count)
        var index = 0
        while index < plain.count {
            let phrase = lexicon.startsPhrase(plain[index]) ? longestPhrase(in: plain[index...], lexicon: lexicon) : nil
            words.append(RatedWord(phrase?.text ?? plain[index], lexicon: lexicon))
            index += phrase?.length ?? 1
        }
        return words
    }

    /// The longest phrase that `words` begin with.
    private static func longestPhrase(
        in words: ArraySlice<String>, lexicon: SentimentLexicon
    ) -> (text: String, length: Int)? {
        for length in stride(from: min(SentimentPhrases.longest, words.count), to: 1, by: -1) {
            let text = words.prefix(length).joined(separator: " ")
            if lexicon.rating(of: text) != nil || DegreeWords.change(by: text) != nil { return (text, length) }
        }
        return nil
    }

    /// What stands between white space, in lower case, without punctuation at its ends, and with a straight apostrophe.
    private static func plainWords(in text: String) -> [String] {
        text.unicodeScalars.split { $0.properties.isWhitespace }.compactMap { raw in
            guard let first = raw.firstIndex(where: isWordCharacter), let last = raw.lastIndex(where: isWordCharacter) else {
                return nil
            }
            var word = String.UnicodeScalarView()
            for scalar in raw[first...last] { word.append(scalar == "\u{2019}" ? "'" : scalar) }
            return String(word).lowercased()
        }
    }

    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x61...0x7A).contains(scalar.value | 0x20) || (0x30...0x39).contains(scalar.value) }
        return scalar.properties.isAlphabetic
    }
}
