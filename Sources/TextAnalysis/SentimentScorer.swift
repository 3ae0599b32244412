/// Rates English text with the rules of VADER (C. J. Hutto, E. Gilbert: VADER: A Parsimonious Rule-based Model for Sentiment
/// Analysis of Social Media Text, ICWSM 2014).
///
/// The ratings of the words are added up after each was changed by its neighbourhood: negation and degree words among the three
/// words before it, "but", "least". What transcripts do not have is left out: emoticons, emoji and words in capitals.
struct SentimentScorer: Sendable {
    /// How far before a word its modifiers may stand, and how much of a degree word's effect arrives from there.
    private static let reach: [Float] = [1, 0.95, 0.9]
    /// Squared, the score at which the compound reaches 0.71: about the largest that is expected.
    private static let normaliser: Float = 15
    /// What "but" leaves of the words before it and makes of those after it.
    private static let butFactors: (before: Float, after: Float) = (0.5, 1.5)

    let lexicon: SentimentLexicon

    /// Rates a text.
    func score(of text: String) -> SentimentScore {
        let words = RatedWord.words(in: text, lexicon: lexicon)
        let but = words.firstIndex { $0.text == "but" }
        var sum: Float = 0
        for index in words.indices {
            let rating = rating(at: index, of: words)
            guard let but else {
                sum += rating
                continue
            }
            sum += rating * (index < but ? Self.butFactors.before : Self.butFactors.after)
        }
        if sum != 0 { sum += (sum > 0 ? 1 : -1) * Self.emphasis(of: text) }
        let compound = sum / (sum * sum + Self.normaliser).squareRoot()
        return SentimentScore(compound: Double(compound), wordCount: words.count)
    }

    /// What the word at `index` adds to the sum.
    private func rating(at index: Int, of words: [RatedWord]) -> Float {
        guard var rating = words[index].rating, rating != 0 else { return 0 }
        if words[index].text == "no", index + 1 < words.count, words[index + 1].rating != nil {
            return 0  // It negates the next word instead.
        }
        if isUnderNo(index, of: words) { rating *= Negation.factor }
        for (distance, share) in zip(1..., Self.reach) where index >= distance {
            let modifier = words[index - distance]
            if let degree = modifier.degree { rating += (rating < 0 ? -degree : degree) * share }
            if modifier.isNegation { rating *= factor(ofNegationAt: index - distance, before: index, of: words) }
        }
        if index > 0, words[index - 1].text == "least", index < 2 || !["at", "very"].contains(words[index - 2].text) {
            rating *= Negation.factor
        }
        return rating
    }

    /// "no fun", "no big fun", "no pain or fun".
    private func isUnderNo(_ index: Int, of words: [RatedWord]) -> Bool {
        func isNo(_ distance: Int) -> Bool { index >= distance && words[index - distance].text == "no" }
        return isNo(1) || isNo(2) || (isNo(3) && ["or", "nor"].contains(words[index - 1].text))
    }

    /// What a negation does to the word at `index`: "never so good" is praise, "without doubt good" is simply good.
    private func factor(ofNegationAt negation: Int, before index: Int, of words: [RatedWord]) -> Float {
        let between = words[(negation + 1)..<index]
        switch words[negation].text {
        case "never" where between.contains { $0.text == "so" || $0.text == "this" }: return Negation.praise
        case "without" where between.contains { $0.text == "doubt" }: return 1
        default: return Negation.factor
        }
    }

    /// What exclamation marks (up to four) and repeated question marks add to the strength.
    private static func emphasis(of text: String) -> Float {
        var (exclamations, questions) = (0, 0)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "!") { exclamations += 1 }
            if byte == UInt8(ascii: "?") { questions += 1 }
        }
        let asking: Float = questions < 2 ? 0 : questions > 3 ? 0.96 : 0.18 * Float(questions)
        return 0.292 * Float(min(exclamations, 4)) + asking
    }
}
