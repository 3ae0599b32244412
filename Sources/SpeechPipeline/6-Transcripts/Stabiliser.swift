import SpeechModel

/// Holds words of a changing hypothesis back until they have stood still, so that a word once shown rarely changes.
///
/// A word is stable when it and everything before it were the same in every hypothesis during the last ``holdMS`` of audio: local
/// agreement (Liu, Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis
/// Selection", Interspeech 2020) with an age instead of a count, because hypotheses come at uneven intervals under load.
struct Stabiliser: Sendable {
    /// Audio during which a word must not change. Of the words that were shown so, 5 % changed later in 523 words of PocketSphinx's partial
    /// results; after 320 ms it was 9 %, and longer than 640 ms gained nothing.
    static let holdMS = 640

    private var words: [(text: String, sinceMS: Int)] = []
    private var shown: [String] = []
    /// Words that were shown as stable.
    private(set) var wordsShown = 0
    /// Words that were shown as stable and then changed or vanished.
    private(set) var revisions = 0

    /// Takes a hypothesis that was made after `heardMS` milliseconds of audio; returns how many of its first words are stable.
    mutating func accept(_ hypothesis: [Word], heardMS: Int) -> Int {
        var agreed = 0
        while agreed < min(words.count, hypothesis.count), words[agreed].text == hypothesis[agreed].text { agreed += 1 }
        words.removeSubrange(agreed...)
        for word in hypothesis[agreed...] { words.append((word.text, heardMS)) }
        var stable = 0
        while stable < words.count, heardMS - words[stable].sinceMS >= Self.holdMS { stable += 1 }
        let texts = hypothesis.map(\.text)
        let kept = countRevisions(texts)
        let shownNow = Array(texts.prefix(stable))
        wordsShown += max(0, shownNow.count - kept)
        shown = shownNow
        return stable
    }

    /// Takes the final hypothesis and begins anew.
    mutating func finish(_ hypothesis: [Word]) {
        _ = countRevisions(hypothesis.map(\.text))
        words = []
        shown = []
    }

    /// Counts the shown words that are not in the new reading any more; returns how many are.
    private mutating func countRevisions(_ new: [String]) -> Int {
        let kept = new.starts(with: shown) ? shown.count : Self.commonWords(shown, new)
        revisions += shown.count - kept
        return kept
    }

    /// The length of the longest common subsequence: a word that was put in before others does not make them wrong.
    private static func commonWords(_ a: [String], _ b: [String]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for word in a {
            var diagonal = 0
            for (index, other) in b.enumerated() {
                let above = row[index + 1]
                row[index + 1] = word == other ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[b.count]
    }
}
