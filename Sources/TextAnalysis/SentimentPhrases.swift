/// Phrases that mean something else than the sum of their words; each is read as one word.
enum SentimentPhrases {
    /// Ratings as in ``SentimentLexicon``: the idioms of the method, without the slang that speech mostly means literally.
    static let ratings: [String: Float] = [
        "beating heart": 3.5,
        "bus stop": 0,
        "kiss of death": -1.5,
        "to die for": 3,
        "yeah right": -2,
    ]

    /// First words of the phrases in ``DegreeWords``.
    static let degreeStarts: Set<String> = ["just", "kind", "sort"]

    /// How many words the longest phrase has.
    static let longest = 3
}
