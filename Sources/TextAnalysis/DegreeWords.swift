/// Words that make the word after them stronger or weaker: "very good", "hardly good".
enum DegreeWords {
    /// How much one of them adds to a rating, by the measurements of the method's authors.
    static let step: Float = 0.293

    /// ``step`` for a word that strengthens, its negative for one that weakens, nil for any other.
    static func change(by word: String) -> Float? {
        if strengthening.contains(word) { return step }
        return weakening.contains(word) ? -step : nil
    }

    private static let strengthening: Set<String> = [
        // How much: wholly
        "absolutely", "completely", "entirely", "fully", "purely", "thoroughly", "total", "totally", "utter", "utterly",
        // much
        "considerable", "considerably", "decidedly", "deeply", "enormous", "enormously", "extreme", "extremely", "greatly",
        "highly",
        "hugely", "intensely", "major", "majorly", "substantially", "tremendous", "tremendously",
        // more than usual
        "amazingly", "awfully", "especially", "exceptional", "exceptionally", "fabulously", "incredible", "incredibly",
        "particularly", "remarkably", "unbelievably", "unusually",
        // the small words
        "more", "most", "quite", "really", "so", "very", "hella", "uber",
        // strong language
        "effing", "flipping", "fracking", "freaking", "fricking", "frigging", "fucking", "fuckin",
    ]

    private static let weakening: Set<String> = [
        "almost", "barely", "hardly", "scarce", "scarcely", "just enough",
        "less", "little", "marginal", "marginally", "partly", "slight", "slightly", "somewhat",
        "occasional", "occasionally",
        "kind of", "kinda", "kindof", "kind-of", "sort of", "sorta", "sortof", "sort-of",
    ]
}
