import SpeechModel

/// The utterances that a recogniser still owes an answer for, in the order they were spoken.
///
/// Two utterances may be decoded at once (the next one can begin while the last one is being finished), and answers may overtake each
/// other; finals leave in the order of speech.
struct UtteranceQueue: Sendable {
    enum Outcome: Sendable {
        case final(Hypothesis)
        case failed(SpeechError)
    }

    struct Entry: Sendable {
        let key: UtteranceKey
        let start: SampleTime
        /// Only the wake word is listened for: nothing is told of it.
        let isSpotted: Bool
        var end: SampleTime?
        var lastSpeech: SampleTime
        var outcome: Outcome?
        var endpointWaitMS = 0.0
    }

    private(set) var entries: [Entry] = []

    /// Where the oldest utterance that is still open begins.
    var oldestStart: SampleTime? { entries.first?.start }

    mutating func begin(_ key: UtteranceKey, at start: SampleTime, isSpotted: Bool) {
        entries.append(Entry(key: key, start: start, isSpotted: isSpotted, lastSpeech: start))
    }

    mutating func update(_ key: UtteranceKey, _ change: (inout Entry) -> Void) {
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return }
        change(&entries[index])
    }

    func entry(_ key: UtteranceKey) -> Entry? { entries.first { $0.key == key } }

    /// The oldest utterance, if its answer is there.
    mutating func popAnswered() -> Entry? {
        guard let first = entries.first, first.outcome != nil else { return nil }
        return entries.removeFirst()
    }

    mutating func removeAll() { entries.removeAll() }

    mutating func removeSpotted() { entries.removeAll { $0.isSpotted } }
}
