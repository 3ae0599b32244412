/// Words that turn the meaning of what follows.
enum Negation {
    /// What a rating is multiplied with: "not good" is less bad than "good" is good, by the measurements of the method's authors.
    static let factor: Float = -0.74
    /// "never so good" says the opposite of "not good", and louder than "good".
    static let praise: Float = 1.25

    /// Whether `word`, in lower case, negates. "no" has rules of its own.
    static func contains(_ word: String) -> Bool {
        if words.contains(word) || word.hasSuffix("n't") { return true }
        // Written without an apostrophe: "didnt". "wont" and "cant" are words too, but in speech they are these.
        guard word.hasSuffix("nt") else { return false }
        return verbs.contains(String(word.dropLast(2)))
    }

    private static let words: Set<String> = [
        "cannot", "despite", "neither", "never", "none", "nope", "nor", "not", "nothing", "nowhere", "rarely", "seldom", "uh-uh",
        "uhuh", "without",
    ]

    /// What stands before "n't".
    private static let verbs: Set<String> = [
        "ai", "are", "ca", "could", "dare", "did", "does", "do", "had", "has", "have", "is", "might", "must", "need", "ought",
        "sha", "should", "was", "were", "wo", "would",
    ]
}
