import SpeechModel

/// Whether a session is asleep or awake, and what it has to remember so that a wake word which is noticed late still wakes it in time.
///
/// Asleep, utterances are listened to for the wake word only. Once it was said, speech is recognised until nobody spoke for the length
/// of the window. A session without a wake word is always awake.
struct Wakefulness: Sendable {
    /// Windows that begin this long after the phrase's end, in samples, say whether the speaker goes on: the detector holds on to the
    /// phrase itself for a moment.
    static let settling = SampleTime.rate * 160 / 1000
    /// Speech that goes on after the cut at the longest utterance is listened to from this long before the cut, in samples, so that
    /// no phrase is cut in two. Longer than people need for four words.
    static let overlap = SampleTime.rate * 2

    private let wakeWord: WakeWord?
    /// When the wake word was said, or the last speech after it; nil while asleep.
    private var lastSpeech: SampleTime?
    /// What the detector said of the last windows, as a ring.
    private var decisions: [Bool]
    private var observed = 0

    /// Begins asleep, if there is a wake word.
    ///
    /// - Parameters:
    ///   - awakeSince: where a session goes on that is awake.
    ///   - windows: how many decisions of the detector are remembered.
    init(_ wakeWord: WakeWord?, awakeSince: SampleTime? = nil, windows: Int) {
        self.wakeWord = wakeWord
        lastSpeech = awakeSince
        decisions = Array(repeating: false, count: wakeWord == nil ? 0 : windows)
    }

    /// What an utterance that begins now is listened to for; nil when it is to be recognised.
    var awaited: KeyPhrases? { lastSpeech == nil ? wakeWord?.phrases : nil }

    /// Takes the detector's decision on the next window.
    mutating func observe(isSpeech: Bool) {
        guard !decisions.isEmpty else { return }
        decisions[observed % decisions.count] = isSpeech
        observed += 1
    }

    /// The decisions on the windows that end after `time`, oldest first, with the ends of those windows, if the last one ended at `now`;
    /// only those that are remembered.
    func remembered(after time: SampleTime, now: SampleTime) -> [(isSpeech: Bool, windowEnd: SampleTime)] {
        let window = VoiceActivityWindow.samples
        let wanted = (now - time + window - 1) / window
        let count = max(0, min(wanted, observed, decisions.count))
        return (0..<count).map { index in
            let back = count - 1 - index
            return (decisions[(observed - 1 - back) % decisions.count], SampleTime(now.sample - back * window))
        }
    }

    /// The wake word was said up to `time`.
    mutating func wake(at time: SampleTime) { lastSpeech = time }

    /// Somebody spoke up to `time`, in an utterance.
    mutating func heardSpeech(through time: SampleTime) {
        if let last = lastSpeech { lastSpeech = max(last, time) }
    }

    /// Falls asleep if nobody has spoken for so long; whether it did. To be asked while there is no utterance.
    mutating func fallsAsleep(at now: SampleTime) -> Bool {
        guard let wakeWord, let lastSpeech, now - lastSpeech >= SampleTime.milliseconds(wakeWord.windowMS).sample else {
            return false
        }
        self.lastSpeech = nil
        return true
    }
}
