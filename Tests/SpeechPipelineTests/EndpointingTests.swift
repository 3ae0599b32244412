import SpeechModel
import SpeechPipeline
import Testing

@Suite struct EndpointerTests {
    /// The time at the end of window `count`.
    private func end(_ count: Int) -> SampleTime { SampleTime(count * 512) }

    /// What the endpointer says of windows given as a pattern: `x` is speech, `.` is not.
    private func decisions(_ pattern: String, _ endpointer: inout Endpointer, from: Int = 0) -> [Endpointer.Decision] {
        pattern.enumerated().map { endpointer.advance(isSpeech: $1 == "x", windowEnd: end(from + $0 + 1)) }
    }

    @Test func `An utterance has its pre-roll and its tail`() {
        var endpointer = Endpointer(strategy: FixedSilence())
        let said = decisions(String(repeating: ".", count: 20) + "xxxxx" + String(repeating: ".", count: 17), &endpointer)
        #expect(said[..<22].allSatisfy { $0 == .silence })
        #expect(said[22] == .speechStarted(at: SampleTime(20 * 512 - 4800)))
        #expect(said[23..<40].allSatisfy { $0 == .speech })
        // 500 ms are reached with the 16th window of 32 ms.
        #expect(said[40] == .speechEnded(at: SampleTime(25 * 512 + 3200), forced: false))
        #expect(said[41] == .silence)
    }

    @Test func `Less than three windows of speech in a row are no utterance`() {
        var endpointer = Endpointer(strategy: FixedSilence())
        let said = decisions("xx.x.xx.xx..x.xx", &endpointer)
        #expect(said.allSatisfy { $0 == .silence } && !endpointer.isSpeaking)
        #expect(endpointer.finish(at: end(16)) == nil)
        // Nor do they add up across the end of a stream.
        #expect(endpointer.advance(isSpeech: true, windowEnd: end(17)) == .silence)
    }

    @Test func `The pre-roll does not reach before the session`() {
        var endpointer = Endpointer(strategy: FixedSilence())
        #expect(decisions("xxx", &endpointer).last == .speechStarted(at: .zero))
    }

    @Test func `The pre-roll does not reach into the utterance before`() {
        var endpointer = Endpointer(strategy: FixedSilence(silenceMS: 96), tailMS: 200)
        let said = decisions("xxx...xxx", &endpointer)
        #expect(said[5] == .speechEnded(at: end(6), forced: false))
        #expect(said[8] == .speechStarted(at: end(6)))
    }

    @Test func `A pause shorter than the strategy's does not end an utterance`() {
        var endpointer = Endpointer(strategy: FixedSilence())
        let pause = String(repeating: ".", count: 15)
        let said = decisions("xxx" + pause + "x" + pause + "x" + pause, &endpointer)
        #expect(said[2] == .speechStarted(at: .zero) && said[3...].allSatisfy { $0 == .speech })
    }

    @Test func `Speech that goes on is cut at exactly the limit, and nothing is lost between the parts`() {
        var endpointer = Endpointer(strategy: FixedSilence())
        let said = decisions(String(repeating: "x", count: 1000), &endpointer)
        let cuts = said.compactMap { if case .speechEnded(let at, let forced) = $0 { (at, forced) } else { nil } }
        let starts = said.compactMap { if case .speechStarted(let at) = $0 { at } else { nil } }
        #expect(cuts.map(\.0) == [SampleTime(240_000), SampleTime(480_000)] && cuts.allSatisfy(\.1))
        #expect(starts == [.zero, SampleTime(240_000), SampleTime(480_000)])
    }

    @Test func `At the limit in a pause the utterance ends with its tail`() {
        var endpointer = Endpointer(strategy: FixedSilence(silenceMS: 5000))
        let said = decisions(String(repeating: "x", count: 450) + String(repeating: ".", count: 30), &endpointer)
        #expect(said[468] == .speechEnded(at: SampleTime(450 * 512 + 3200), forced: true))
    }

    @Test func `The strategy is told how the utterance stands`() {
        /// Ends when the hypothesis has stood still, and checks what it is told.
        struct Still: EndpointingStrategy {
            func shouldEnd(_ utterance: UtteranceState) -> Bool {
                #expect(utterance.speechMS == 4 * 32)
                #expect(utterance.trailingSilenceMS == 32 || utterance.trailingSilenceMS == 64)
                return utterance.hypothesisUnchangedMS == 300
            }
        }
        var endpointer = Endpointer(strategy: Still())
        _ = decisions("..xxxx", &endpointer)
        #expect(endpointer.advance(isSpeech: false, windowEnd: end(7)) == .speech)
        #expect(
            endpointer.advance(isSpeech: false, windowEnd: end(8), hypothesisUnchangedMS: 300)
                == .speechEnded(at: end(8), forced: false))
    }

    @Test func `Fixed silence ends at its own duration`() {
        let strategy = FixedSilence(silenceMS: 500)
        #expect(!strategy.shouldEnd(UtteranceState(speechMS: 1000, trailingSilenceMS: 499)))
        #expect(strategy.shouldEnd(UtteranceState(speechMS: 1000, trailingSilenceMS: 500)))
        #expect(FixedSilence().silenceMS == 500)
    }

    @Test func `The end of the stream closes an open utterance`() {
        var endpointer = Endpointer(strategy: FixedSilence())
        _ = decisions("xxxx", &endpointer)
        #expect(endpointer.finish(at: end(4) + 100) == .speechEnded(at: end(4) + 100, forced: false))
        #expect(endpointer.finish(at: end(4) + 100) == nil)
        // Long after the last word, only the tail belongs to it; and a new utterance does not reach into it.
        _ = decisions("xxx..........", &endpointer, from: 5)
        #expect(endpointer.finish(at: end(18)) == .speechEnded(at: end(8) + 3200, forced: false))
        #expect(decisions("xxx", &endpointer, from: 18).last == .speechStarted(at: end(8) + 3200))
    }

    @Test func `Utterances are in order, never overlap, never exceed the limit and always end`() {
        var random = SplitMix(state: 2)
        for _ in 0..<2000 {
            let silence = Int.random(in: 0...800, using: &random)
            let minimum = Int.random(in: 1...300, using: &random)
            let preRoll = Int.random(in: 0...900, using: &random)
            let tail = Int.random(in: 0...900, using: &random)
            let limit = minimum + preRoll + 64 + Int.random(in: 0...15_000, using: &random)
            var endpointer = Endpointer(
                strategy: FixedSilence(silenceMS: silence), minimumSpeechMS: minimum, preRollMS: preRoll, tailMS: tail,
                maximumUtteranceMS: limit)
            var previousEnd = SampleTime.zero
            var start: SampleTime?
            /// Windows whose speech must be in an utterance.
            var firstSpeech: SampleTime?
            func check(_ end: SampleTime, at now: SampleTime) {
                guard let begin = start else {
                    Issue.record("an end without a beginning")
                    return
                }
                #expect(end > begin && end <= now && end - begin <= limit * 16)
                previousEnd = end
                start = nil
            }
            var isSpeech = false
            let stay = Double.random(in: 0.3...0.999, using: &random)
            let windows = Int.random(in: 1...800, using: &random)
            for window in 1...windows {
                if Double.random(in: 0..<1, using: &random) > stay { isSpeech.toggle() }
                let now = end(window)
                firstSpeech = isSpeech ? firstSpeech ?? end(window - 1) : nil
                switch endpointer.advance(isSpeech: isSpeech, windowEnd: now) {
                case .silence:
                    #expect(start == nil)
                case .speechStarted(let at):
                    #expect(start == nil && isSpeech && at >= previousEnd && at < now)
                    // The window in which speech began is in it, unless the utterance before has it.
                    if let firstSpeech { #expect(at <= max(firstSpeech, previousEnd)) }
                    start = at
                case .speech:
                    #expect(start != nil)
                case .speechEnded(let at, let forced):
                    #expect(!isSpeech || forced)
                    check(at, at: now)
                }
                #expect(endpointer.isSpeaking == (start != nil))
            }
            switch endpointer.finish(at: end(windows) + 77) {
            case .speechEnded(let at, forced: false): check(at, at: end(windows) + 77)
            case nil: #expect(start == nil)
            default: Issue.record("only an end can be left")
            }
            #expect(!endpointer.isSpeaking && start == nil)
        }
    }
}
