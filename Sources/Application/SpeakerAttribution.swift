public import SpeechModel

/// Finals of a recording, each of one speaker.
public enum SpeakerAttribution {
    /// Parts each final where another person goes on, and says who speaks.
    ///
    /// A word belongs to who speaks for most of it; one that nobody speaks, to the nearest turn. Numbers run on from the first final's.
    ///
    /// - Parameter turns: of the whole recording, by their beginning.
    public static func attribute(_ finals: [FinalResult], to turns: [SpeakerTurn]) -> [FinalResult] {
        guard !turns.isEmpty, let first = finals.first?.sequence else { return finals }
        var parts: [FinalResult] = []
        for final in finals {
            var words: [Word] = []
            var current: Int?
            func close() {
                guard let current, let start = words.first?.startMS, let end = words.map(\.endMS).max() else { return }
                var part = final
                part.hypothesis = Hypothesis(
                    words: words, alternatives: words.count == final.hypothesis.words.count ? final.hypothesis.alternatives : [],
                    speaker: SpeakerTurn.name(of: current))
                (part.startMS, part.endMS) =
                    words.count == final.hypothesis.words.count ? (final.startMS, final.endMS) : (start, end)
                part.sequence = first + parts.count
                parts.append(part)
                words = []
            }
            for word in final.hypothesis.words {
                let speaker = speaker(of: word, in: turns, before: current)
                if speaker != current { close() }
                current = speaker
                words.append(word)
            }
            close()
        }
        return parts
    }

    private static func speaker(of word: Word, in turns: [SpeakerTurn], before: Int?) -> Int {
        var shares: [Int: Int] = [:]
        for turn in turns {
            let share = min(word.endMS, turn.endMS) - max(word.startMS, turn.startMS)
            if share > 0 { shares[turn.speaker, default: 0] += share }
        }
        // Of two who speak at once the one who has the floor.
        let best = shares.values.max()
        if let before, let best, shares[before] == best { return before }
        if let speaker = shares.filter({ $0.value == best }).keys.min() { return speaker }
        return turns.min { distance(word, $0) < distance(word, $1) }?.speaker ?? 0
    }

    private static func distance(_ word: Word, _ turn: SpeakerTurn) -> Int {
        max(turn.startMS - word.endMS, word.startMS - turn.endMS, 0)
    }
}
