import SpeechModel
import Testing

@Suite("A word") struct WordTests {
    @Test(
        "has a confidence between 0 and 1, whatever the engine says",
        arguments: [(1.0002, 1.0), (-0.1, 0), (0.5, 0.5), (.nan, 0), (.infinity, 0), (-.infinity, 0)])
    func clamped(_ given: Double, _ expected: Double) {
        #expect(Word("go", startMS: 0, endMS: 1, confidence: given).confidence == expected)
    }
}

@Suite("A hypothesis") struct HypothesisTests {
    private let hypothesis = Hypothesis(
        words: [Word("go", startMS: 100, endMS: 200, confidence: 1), Word("forward", startMS: 200, endMS: 500, confidence: 0.2)],
        alternatives: ["go for word"])

    @Test("reads as its words with spaces between")
    func text() {
        #expect(hypothesis.text == "go forward")
        #expect(Hypothesis(words: []).text.isEmpty)
    }

    @Test("is as certain as its words, the longer ones counting more")
    func confidence() {
        #expect(abs(hypothesis.confidence - 0.4) < 1e-12)
        #expect(Hypothesis(words: []).confidence == 0)
    }

    @Test("counts words without length, and words that end before they start, for a millisecond")
    func emptyWords() {
        let odd = Hypothesis(words: [
            Word("a", startMS: 5, endMS: 5, confidence: 1), Word("b", startMS: 9, endMS: 5, confidence: 0),
        ])
        #expect(odd.confidence == 0.5)
    }

    @Test("moves in time with all its words, and keeps the rest")
    func shifted() {
        let later = hypothesis.shifted(byMS: 1000)
        #expect(later.words.map(\.startMS) == [1100, 1200])
        #expect(later.words.map(\.endMS) == [1200, 1500])
        #expect(later.text == hypothesis.text)
        #expect(later.confidence == hypothesis.confidence)
        #expect(later.alternatives == ["go for word"])
    }
}

@Suite("Results") struct ResultTests {
    @Test("keep what they were made of")
    func results() {
        let word = Word("go", startMS: 0, endMS: 90, confidence: 0.9)
        let partial = PartialResult(stable: [word], unstable: [], startMS: 0, endMS: 120)
        #expect(partial.stable == [word])
        #expect(partial.unstable.isEmpty)
        #expect((partial.startMS, partial.endMS) == (0, 120))

        let latency = FinalLatency(endpointWaitMS: 500, ingestMS: 0.4, recogniserMS: 12)
        let final = FinalResult(sequence: 3, hypothesis: Hypothesis(words: [word]), startMS: 0, endMS: 120, latency: latency)
        #expect(final.sequence == 3)
        #expect(final.hypothesis.text == "go")
        #expect(final.latency.endpointWaitMS == 500)
        #expect(FinalLatency() == FinalLatency(endpointWaitMS: 0, ingestMS: 0, recogniserMS: 0))
    }

    @Test("of one utterance in two epochs have different keys")
    func keys() {
        #expect(UtteranceKey(epoch: 1, number: 2) == UtteranceKey(epoch: 1, number: 2))
        #expect(UtteranceKey(epoch: 2, number: 2) != UtteranceKey(epoch: 1, number: 2))
    }
}
