import SpeechModel
import Testing

@testable import SpeechPipeline

/// In virtual time: a second of loud sound is a second of speech, and the test says what the recogniser heard in it.
@Suite struct `A pipeline with a wake word` {
    @Test func `publishes and numbers nothing while asleep, but lets the client forget`() throws {
        var room = try Room()
        for _ in 0..<3 {
            try room.hear(speech: 1)
            try room.hear(silence: 2)
            room.answer(room.begun.last!.key, [])
        }
        #expect(room.begun.count == 3 && room.begun.allSatisfy { $0.keyPhrases == room.phrases })
        #expect(room.told.isEmpty && room.pipeline.lastSequence == 0)
        #expect(room.finalisedThrough >= 16_000 * 7)
        try room.end()
        #expect(room.pipeline.isSettled && room.finalisedThrough == 16_000 * 9)
    }

    @Test func `recognises from the phrase's end when the speaker goes on in the same breath`() throws {
        var room = try Room()
        try room.hear(silence: 1)
        try room.hear(speech: 1.3)
        let asleep = try #require(room.begun.last)
        // The pre-roll is 300 ms, so the phrase ends 0.8 s after the speech began.
        #expect(room.heard[asleep.key]?.lowerBound.milliseconds == 692)
        room.spot(asleep.key, "hey computer", endMS: 1100, score: 0.7)
        #expect(room.told == ["woke hey computer 0.7"])
        let awake = try #require(room.begun.last)
        #expect(awake.keyPhrases == nil && awake.key.number == asleep.key.number + 1)
        #expect(room.finished == [asleep.key] && room.cancelled.isEmpty)
        #expect(room.heard[awake.key]?.lowerBound.milliseconds == 1792)
        try room.hear(speech: 0.7)
        try room.hear(silence: 1)
        #expect(room.finished == [asleep.key, awake.key])
        // What the spotter says after it was finished does not matter any more.
        room.spot(asleep.key, "hey computer", endMS: 1100)
        room.answer(asleep.key, [("hey computer", 1100)])
        room.answer(awake.key, [("turn", 200), ("on", 300)])
        #expect(room.told == ["woke hey computer 0.7", "final 1 turn on"])
        #expect(room.finals.map(\.startMS) == [1792] && room.finals[0].endMS > 3000)
    }

    @Test(arguments: [0.01, 0.032, 0.05, 0.4])
    func `leaves no sample out between the phrase and what follows`(portion: Double) throws {
        var room = try Room()
        for _ in 0..<Int(1.6 / portion) { try room.hear(speech: portion) }
        // Audio that was handed over before the detector has decided on it.
        try room.accept(speech: 0.032)
        room.spot(room.begun[0].key, "hey computer", endMS: 700)
        for _ in 0..<Int(0.5 / portion) { try room.hear(speech: portion) }
        try room.hear(silence: 1)
        let awake = try #require(room.begun.last)
        #expect(awake.keyPhrases == nil && room.heard[awake.key]?.lowerBound.milliseconds == 700)
        #expect(room.gaps == 0)
        #expect(room.finished.last == awake.key)
    }

    @Test func `recognises nothing of a phrase after which nobody goes on, and waits for speech`() throws {
        var room = try Room()
        try room.hear(speech: 1)
        try room.hear(silence: 0.2)
        // The detector holds on to the phrase for a moment after its end.
        room.spot(room.begun[0].key, "hey computer", endMS: 880)
        try room.hear(silence: 1.8)
        #expect(room.begun.count == 1)
        try room.hear(speech: 1)
        #expect(room.begun.count == 2 && room.begun[1].keyPhrases == nil)
    }

    @Test func `stays awake while people speak, and falls asleep after the window without speech`() throws {
        var room = try Room(windowMS: 3000)
        try room.hear(speech: 1)
        room.spot(room.begun[0].key, "hey computer", endMS: 800)
        try room.hear(silence: 2.5)
        // Longer than the window.
        try room.hear(speech: 4)
        try room.hear(silence: 2.9)
        #expect(room.told == ["woke hey computer 0.5"])
        try room.hear(speech: 0.5)
        try room.hear(silence: 2.9)
        #expect(room.told.count == 1 && room.begun.dropFirst().allSatisfy { $0.keyPhrases == nil })
        try room.hear(silence: 0.3)
        #expect(room.told == ["woke hey computer 0.5", "asleep"])
        try room.hear(speech: 1)
        #expect(room.begun.last?.keyPhrases == room.phrases)
    }

    @Test func `a click does not keep it awake, and speech that has just begun does`() throws {
        var room = try Room(windowMS: 2000)
        try room.hear(speech: 1)
        room.spot(room.begun[0].key, "hey computer", endMS: 992)
        for _ in 0..<4 {
            try room.hear(silence: 0.416)
            try room.hear(speech: 0.032)
        }
        // At the very end of the window somebody begins to speak.
        try room.hear(silence: 0.256)
        #expect(room.told == ["woke hey computer 0.5"] || room.told == ["woke hey computer 0.5", "asleep"])
        try room.hear(silence: 0.5)
        #expect(room.told.last == "asleep")

        var late = try Room(windowMS: 2000)
        try late.hear(speech: 0.992)
        late.spot(late.begun[0].key, "hey computer", endMS: 992)
        try late.hear(silence: 1.952)
        try late.hear(speech: 0.5)
        #expect(late.told == ["woke hey computer 0.5"] && late.begun.last?.keyPhrases == nil)
    }

    @Test func `a phrase that is noticed late wakes up in time for what was said since`() throws {
        var room = try Room()
        try room.hear(speech: 1)
        try room.hear(silence: 1)
        try room.hear(speech: 1)
        // The next utterance is open already, and only listened to for the phrase.
        #expect(room.begun.map(\.keyPhrases) == [room.phrases, room.phrases])
        room.spot(room.begun[0].key, "hey computer", endMS: 900)
        #expect(room.cancelled == [room.begun[1].key] && room.finished == [room.begun[0].key])
        let awake = try #require(room.begun.last)
        #expect(awake.keyPhrases == nil && room.heard[awake.key]?.lowerBound.milliseconds == 1684)
        try room.hear(silence: 1)
        room.answer(awake.key, [("go", 100)])
        #expect(room.finals.map(\.sequence) == [1])

        var whole = try Room()
        try whole.hear(speech: 1.5)
        try whole.hear(silence: 1.5)
        // Noticed with the answer to the whole utterance, which had a command in it.
        whole.answer(whole.begun[0].key, [("hey computer", 800)])
        let command = try #require(whole.begun.last)
        #expect(whole.heard[command.key]?.lowerBound.milliseconds == 800)
        #expect(whole.finished.last == command.key)
        whole.answer(command.key, [("go", 100)])
        #expect(whole.finals.map(\.sequence) == [1] && whole.pipeline.isSettled)
    }

    @Test func `a phrase that is noticed after the stream's end still gets what followed it`() throws {
        var room = try Room()
        try room.hear(speech: 2)
        try room.end()
        #expect(!room.pipeline.isSettled)
        room.spot(room.begun[0].key, "hey computer", endMS: 1000)
        let awake = try #require(room.begun.last)
        #expect(awake.keyPhrases == nil && room.finished.last == awake.key && !room.pipeline.isSettled)
        room.answer(awake.key, [("go", 100)])
        #expect(room.finals.map(\.hypothesis.text) == ["go"] && room.pipeline.isSettled)
    }

    @Test func `what left the ring before the phrase was noticed is lost, and nothing else`() throws {
        var room = try Room()
        try room.hear(speech: 9)
        room.spot(room.begun[0].key, "hey computer", endMS: 1000)
        let awake = try #require(room.begun.last)
        let start = try #require(room.heard[awake.key]?.lowerBound.milliseconds)
        // The ring holds four seconds.
        #expect(start > 4900 && start < 5200)
        #expect(room.gaps == 0)
    }

    @Test func `speech without a pause is listened to in pieces that overlap`() throws {
        var room = try Room()
        try room.hear(speech: 40)
        let ranges = room.begun.compactMap { room.heard[$0.key] }
        #expect(ranges.count == 3)
        for (one, next) in zip(ranges, ranges.dropFirst()) {
            #expect(one.upperBound - next.lowerBound == 32_000)
            #expect(one.upperBound - one.lowerBound <= 17 * 16_000)
        }
        // A phrase that is in both wakes once.
        room.spot(room.begun[1].key, "hey computer", endMS: 1500)
        room.spot(room.begun[0].key, "hey computer", endMS: 14_500)
        #expect(room.told.count == 1)
    }

    @Test func `an utterance that is too long is cut while awake as well, without an overlap`() throws {
        var room = try Room()
        try room.hear(speech: 1)
        room.spot(room.begun[0].key, "hey computer", endMS: 500)
        try room.hear(speech: 20)
        let ranges = room.begun.dropFirst().compactMap { room.heard[$0.key] }
        #expect(ranges.count == 2 && ranges[0].upperBound == ranges[1].lowerBound)
        #expect(ranges[0].lowerBound.milliseconds == 500 && ranges[0].upperBound - ranges[0].lowerBound == 15 * 16_000)
    }

    @Test func `an interruption gives up what is listened to, and wakes nobody`() throws {
        var room = try Room()
        try room.hear(speech: 1)
        let key = room.begun[0].key
        room.interrupt()
        #expect(room.cancelled == [key])
        room.spot(key, "hey computer", endMS: 500)
        #expect(room.told.isEmpty)
        try room.hear(speech: 1)
        #expect(room.begun.last?.key.epoch == 1 && room.begun.last?.keyPhrases == room.phrases)
        // Whoever was awake stays so: it is the speaker who interrupts.
        room.spot(room.begun.last!.key, "hey computer", endMS: 500)
        room.interrupt()
        try room.hear(speech: 1)
        #expect(room.begun.last?.keyPhrases == nil)
    }

    @Test func `any of several phrases wakes, the one with the best score`() throws {
        var room = try Room(phrases: ["hey computer", "jarvis"])
        try room.hear(speech: 1)
        var actions: [PipelineAction] = []
        let words = [
            Word("jarvis", startMS: 100, endMS: 600, confidence: 0.9),
            Word("hey computer", startMS: 0, endMS: 700, confidence: 0.6),
        ]
        room.pipeline.partial(Hypothesis(words: words), for: room.begun[0].key, throughSample: 16_000, into: &actions)
        room.take(actions)
        #expect(room.told == ["woke jarvis 0.9"])
        #expect(room.heard[room.begun[1].key]?.lowerBound.milliseconds == 600)
    }

    @Test func `a phrase cannot end later than what was heard`() throws {
        var room = try Room()
        try room.hear(speech: 1)
        room.spot(room.begun[0].key, "hey computer", endMS: 60_000)
        try room.hear(speech: 1)
        #expect(room.heard[room.begun[1].key]?.lowerBound.milliseconds == 992)
    }

    @Test func `an utterance that the spotter lost is told as such, and the next one is listened to`() throws {
        var room = try Room()
        try room.hear(speech: 1)
        var actions: [PipelineAction] = []
        room.pipeline.failed(SpeechError(.overloaded, "Busy.", advice: "Wait."), for: room.begun[0].key, into: &actions)
        room.take(actions)
        #expect(room.told == ["spotting failed"] && room.pipeline.isSettled)
        try room.hear(silence: 1)
        try room.hear(speech: 1)
        #expect(room.begun.count == 2 && room.begun[1].keyPhrases == room.phrases)
    }

    @Test func `finals that are owed from before it fell asleep come all the same`() throws {
        var room = try Room(windowMS: 1000)
        try room.hear(speech: 1)
        room.spot(room.begun[0].key, "hey computer", endMS: 300)
        try room.hear(silence: 3)
        #expect(room.told.last == "asleep")
        try room.hear(speech: 1)
        try room.hear(silence: 1)
        // The spotter answers first, and has to wait.
        room.answer(room.begun[2].key, [])
        #expect(!room.pipeline.isSettled)
        room.answer(room.begun[1].key, [("go", 100)])
        #expect(room.finals.map(\.sequence) == [1] && room.pipeline.isSettled)
    }
}

/// A pipeline that listens, and what it asked for.
private struct Room {
    private final class Loudness: VoiceActivityDetector {
        func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool { window.contains { abs($0) > 0.1 } }
        func reset() {}
    }

    let phrases: KeyPhrases
    var pipeline: SpeechPipeline
    var begun: [(key: UtteranceKey, keyPhrases: KeyPhrases?)] = []
    /// What the recogniser got of each utterance.
    var heard: [UtteranceKey: Range<SampleTime>] = [:]
    /// Pieces that did not follow the ones before.
    var gaps = 0
    var finished: [UtteranceKey] = []
    var cancelled: [UtteranceKey] = []
    var told: [String] = []
    var finals: [FinalResult] = []
    var finalisedThrough = 0

    init(windowMS: Int = 8000, phrases texts: [String] = ["hey computer"]) throws {
        phrases = KeyPhrases(texts, sensitivity: 0.5)
        pipeline = SpeechPipeline(
            format: try AudioFormat(sampleRate: 16_000, channels: 1),
            configuration: SpeechPipeline.Configuration(wakeWord: WakeWord(phrases: phrases, windowMS: windowMS)),
            detector: Loudness())
    }

    private func sound(_ seconds: Double, loud: Bool) -> [Int16] {
        (0..<Int(16_000 * seconds)).map { Int16(loud ? ($0 / 40 % 2 == 0 ? 8000 : -8000) : 0) }
    }

    mutating func hear(speech seconds: Double) throws { try hear(sound(seconds, loud: true)) }
    mutating func hear(silence seconds: Double) throws { try hear(sound(seconds, loud: false)) }
    private mutating func hear(_ samples: [Int16]) throws {
        // As sessions do: at most a second at a time.
        for start in stride(from: 0, to: samples.count, by: 16_000) {
            var actions: [PipelineAction] = []
            try samples[start..<min(samples.count, start + 16_000)].withUnsafeBytes { try pipeline.ingest($0, into: &actions) }
            take(actions)
        }
    }

    mutating func accept(speech seconds: Double) throws {
        var actions: [PipelineAction] = []
        try sound(seconds, loud: true).withUnsafeBytes { try pipeline.accept($0, into: &actions) }
        take(actions)
    }

    mutating func spot(_ key: UtteranceKey, _ phrase: String, endMS: Int, score: Double = 0.5) {
        var actions: [PipelineAction] = []
        let word = Word(phrase, startMS: 0, endMS: endMS, confidence: score)
        pipeline.partial(Hypothesis(words: [word]), for: key, throughSample: 16 * endMS, into: &actions)
        take(actions)
    }

    mutating func answer(_ key: UtteranceKey, _ words: [(String, endMS: Int)]) {
        var actions: [PipelineAction] = []
        let hypothesis = Hypothesis(words: words.map { Word($0.0, startMS: 0, endMS: $0.endMS, confidence: 0.5) })
        pipeline.final(hypothesis, for: key, into: &actions)
        take(actions)
    }

    mutating func interrupt() {
        var actions: [PipelineAction] = []
        pipeline.interrupt(into: &actions)
        take(actions)
    }

    mutating func end() throws {
        var actions: [PipelineAction] = []
        pipeline.finish(into: &actions)
        take(actions)
    }

    mutating func take(_ actions: [PipelineAction]) {
        for action in actions {
            switch action {
            case .begin(let key, _, let keyPhrases): begun.append((key, keyPhrases))
            case .recognise(let key, let range):
                // What is named must still be there.
                var count = 0
                pipeline.withSamples(in: range) { count += $0.count }
                if count != range.upperBound - range.lowerBound { gaps += 1 }
                if let before = heard[key], before.upperBound != range.lowerBound { gaps += 1 }
                heard[key] = (heard[key]?.lowerBound ?? range.lowerBound)..<range.upperBound
            case .finish(let key): finished.append(key)
            case .cancel(let key): cancelled.append(key)
            case .woke(let phrase, let score): told.append("woke \(phrase) \(score)")
            case .fellAsleep: told.append("asleep")
            case .spottingFailed: told.append("spotting failed")
            case .emit(.final(let final)):
                finals.append(final)
                told.append("final \(final.sequence) \(final.hypothesis.text)")
            case .emit(.partial): told.append("partial")
            case .emit(.failed): told.append("failed")
            case .emit(.finalised(let sample)): finalisedThrough = sample
            case .settled: break
            }
        }
    }
}
