public import SpeechModel

/// Turns one yes or no per window into utterances that are in order, never overlap and are never longer than the limit.
public struct Endpointer: Sendable {
    /// What one window means.
    public enum Decision: Hashable, Sendable {
        /// Nobody speaks, or not for long enough yet.
        case silence
        /// An utterance began; its first sample is at `at`, which includes the pre-roll but is never before the end of the
        /// last one.
        case speechStarted(at: SampleTime)
        /// The utterance goes on (pauses in it included).
        case speech
        /// The utterance ended before the sample at `at`, a short tail after the last speech; `forced` when it was cut at
        /// the limit.
        case speechEnded(at: SampleTime, forced: Bool)
    }

    private enum Phase: Hashable, Sendable {
        /// `speechWindows` in a row had speech so far.
        case waiting(speechWindows: Int)
        /// From `start`, with speech from `firstSpeech` to `lastSpeech`.
        case speaking(start: SampleTime, firstSpeech: SampleTime, lastSpeech: SampleTime)
    }

    private let strategy: any EndpointingStrategy
    private let minimumSpeechWindows: Int
    private let preRoll: Int
    private let tail: Int
    private let maximumLength: Int
    private var phase = Phase.waiting(speechWindows: 0)
    private var previousEnd = SampleTime.zero

    /// Makes an endpointer at the beginning of a session.
    /// - Parameters:
    ///   - strategy: When a pause ends an utterance.
    ///   - minimumSpeechMS: Speech without a gap that begins an utterance, rounded up to whole windows: a click is shorter.
    ///   - preRollMS: Audio before the first window with speech that belongs to the utterance. Detectors miss soft onsets
    ///     (/f/, /h/), and recognisers want a moment of silence first.
    ///   - tailMS: Audio after the last window with speech that belongs to it, as far as it has been heard: soft endings.
    ///   - maximumUtteranceMS: The longest utterance; speech that goes on is cut there and continues in the next one.
    public init(
        strategy: any EndpointingStrategy, minimumSpeechMS: Int = 96, preRollMS: Int = 300, tailMS: Int = 200,
        maximumUtteranceMS: Int = 15_000
    ) {
        let window = VoiceActivityWindow.milliseconds
        precondition(minimumSpeechMS >= 1 && preRollMS >= 0 && tailMS >= 0, "durations are not negative")
        precondition(
            maximumUtteranceMS >= minimumSpeechMS + preRollMS + 2 * window, "an utterance must not begin at its limit")
        self.strategy = strategy
        minimumSpeechWindows = (minimumSpeechMS + window - 1) / window
        preRoll = SampleTime.milliseconds(preRollMS).sample
        tail = SampleTime.milliseconds(tailMS).sample
        maximumLength = SampleTime.milliseconds(maximumUtteranceMS).sample
    }

    /// Whether an utterance is open.
    public var isSpeaking: Bool {
        if case .speaking = phase { true } else { false }
    }

    /// Where the open utterance ends unless somebody speaks again: a short tail after the last speech, or at its limit. nil while there is none.
    public var expectedEnd: SampleTime? {
        if case .speaking(let start, _, let lastSpeech) = phase { min(lastSpeech + tail, start + maximumLength) } else { nil }
    }

    /// Takes the next window, which ends at `windowEnd`, a window after the last one.
    public mutating func advance(
        isSpeech: Bool, windowEnd: SampleTime, hypothesisUnchangedMS: Int? = nil
    ) -> Decision {
        switch phase {
        case .waiting(let speechWindows):
            guard isSpeech else {
                phase = .waiting(speechWindows: 0)
                return .silence
            }
            guard speechWindows + 1 >= minimumSpeechWindows else {
                phase = .waiting(speechWindows: speechWindows + 1)
                return .silence
            }
            let firstSpeech = SampleTime(windowEnd.sample - (speechWindows + 1) * VoiceActivityWindow.samples)
            let start = max(SampleTime(firstSpeech.sample - preRoll), previousEnd)
            phase = .speaking(start: start, firstSpeech: firstSpeech, lastSpeech: windowEnd)
            return .speechStarted(at: start)

        case .speaking(let start, let firstSpeech, let last):
            let lastSpeech = isSpeech ? windowEnd : last
            phase = .speaking(start: start, firstSpeech: firstSpeech, lastSpeech: lastSpeech)
            let utterance = UtteranceState(
                speechMS: SampleTime(lastSpeech - firstSpeech).milliseconds,
                trailingSilenceMS: SampleTime(windowEnd - lastSpeech).milliseconds,
                hypothesisUnchangedMS: hypothesisUnchangedMS)
            if !isSpeech, strategy.shouldEnd(utterance) { return end(by: windowEnd, forced: false) }
            return windowEnd - start < maximumLength ? .speech : end(by: windowEnd, forced: true)
        }
    }

    /// The stream ended at `time`: closes an open utterance. The endpointer can then go on with a new one.
    public mutating func finish(at time: SampleTime) -> Decision? {
        guard isSpeaking else {
            phase = .waiting(speechWindows: 0)
            return nil
        }
        return end(by: time, forced: false)
    }

    /// Forgets what came, as if the last utterance had ended at `time`: the windows that end after it come again.
    public mutating func restart(at time: SampleTime) {
        phase = .waiting(speechWindows: 0)
        previousEnd = time
    }

    /// Ends the open utterance after its tail, but not after `time` and not longer than allowed.
    private mutating func end(by time: SampleTime, forced: Bool) -> Decision {
        guard case .speaking(let start, _, let lastSpeech) = phase else { preconditionFailure("only an open utterance ends") }
        previousEnd = min(lastSpeech + tail, time, start + maximumLength)
        // Speech that was cut goes on with the next window: it need not prove itself again.
        let isCut = forced && lastSpeech == time
        phase = .waiting(speechWindows: isCut ? max(1, minimumSpeechWindows - 1) : 0)
        return .speechEnded(at: previousEnd, forced: forced)
    }
}
