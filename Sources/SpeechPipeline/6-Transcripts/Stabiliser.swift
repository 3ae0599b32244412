import SpeechModel

/// Holds words of a changing hypothesis back until they have stood still, so that a word once shown rarely changes.
///
/// A word is stable when it and everything before it were the same in every hypothesis during the last ``holdMS`` of audio: local
/// agreement (Liu, Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis
/// Selection", Interspeech 2020) with an age instead of a count, because hypotheses come at uneven intervals under load.
struct Stabiliser: Sendable {
    /// Audio during which a word must not change. 320 ms are ten detector windows.
    static let holdMS = 320

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
        count(hypothesis.prefix(stable).map(\.text), final: false)
        return stable
    }

    /// Takes the final hypothesis and begins anew.
    mutating func finish(_ hypothesis: [Word]) {
        count(hypothesis.map(\.text), final: true)
        words = []
        shown = []
    }

    private mutating func count(_ stable: [String], final: Bool) {
        var same = 0
        while same < min(shown.count, stable.count), shown[same] == stable[same] { same += 1 }
        revisions += shown.count - same
        if !final { wordsShown += max(0, stable.count - same) }
        shown = stable
    }
}
