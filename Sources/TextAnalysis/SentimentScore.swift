import SpeechModel

/// The rating of one text.
struct SentimentScore: Sendable, Equatable {
    /// From −1 (most unfriendly) to 1 (most friendly).
    let compound: Double
    /// How many words the text has.
    let wordCount: Int

    /// What the authors of the method take as the edge between neutral and not.
    static let threshold = 0.05

    /// The label by the method's thresholds.
    var label: Sentiment {
        if compound >= Self.threshold { return .positive }
        return compound <= -Self.threshold ? .negative : .neutral
    }

    /// How clear the label is, from 0 to 1. It orders texts by clarity; it is not a probability.
    ///
    /// - Positive and negative: from 0.5 at the threshold, where either label would do, in a straight line to 1 at |compound| = 1.
    /// - Neutral: from 0.5 at the threshold to n/(n + 1) for n words that are all without feeling, because one such word says
    ///   less than ten.
    /// - 0 for a text without words.
    var confidence: Double {
        guard wordCount > 0 else { return 0 }
        let strength = abs(compound)
        guard label == .neutral else { return 0.5 + 0.5 * (strength - Self.threshold) / (1 - Self.threshold) }
        let most = Double(wordCount) / Double(wordCount + 1)
        return 0.5 + (most - 0.5) * (1 - strength / Self.threshold)
    }
}
