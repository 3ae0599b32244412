import SpeechModel
import Testing

@testable import SpeechPipeline

@Suite struct `The pipeline` {
    private final class Loudness: VoiceActivityDetector {
        func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool { window.contains { abs($0) > 0.1 } }
        func reset() {}
    }

    private func makePipeline() throws -> SpeechPipeline {
        SpeechPipeline(format: try AudioFormat(sampleRate: 16_000, channels: 1), detector: Loudness())
    }

    private func feed(_ pipeline: inout SpeechPipeline, seconds: Double, loud: Bool) throws -> [PipelineAction] {
        var actions: [PipelineAction] = []
        let samples = (0..<Int(16_000 * seconds)).map { Int16(loud ? ($0 / 40 % 2 == 0 ? 8000 : -8000) : 0) }
        try samples.withUnsafeBytes { try pipeline.ingest($0, into: &actions) }
        return actions
    }

    private func keys(_ actions: [PipelineAction]) -> [UtteranceKey] {
        actions.compactMap { if case .begin(let key, _, _) = $0 { key } else { nil } }
    }

    private func hypothesis(_ text: String) -> Hypothesis {
        Hypothesis(words: text.split(separator: " ").map { Word(String($0), startMS: 0, endMS: 10, confidence: 1) })
    }

    @Test func `finals leave in the order of speech, even when answers overtake each other`() throws {
        var pipeline = try makePipeline()
        var actions = try feed(&pipeline, seconds: 1, loud: true)
        actions += try feed(&pipeline, seconds: 1, loud: false)
        actions += try feed(&pipeline, seconds: 1, loud: true)
        actions += try feed(&pipeline, seconds: 1, loud: false)
        let keys = keys(actions)
        #expect(keys.map(\.number) == [1, 2])
        var late: [PipelineAction] = []
        pipeline.final(hypothesis("second"), for: keys[1], into: &late)
        #expect(late.isEmpty)
        pipeline.final(hypothesis("first"), for: keys[0], into: &late)
        let finals = late.compactMap { if case .emit(.final(let result)) = $0 { result } else { nil } }
        #expect(finals.map(\.hypothesis.text) == ["first", "second"])
        #expect(finals.map(\.sequence) == [1, 2])
        #expect(finals.allSatisfy { $0.latency.endpointWaitMS >= 500 })
        #expect(pipeline.isSettled)
    }

    @Test(arguments: [0.01, 0.032, 0.1, 0.35])
    func `the recogniser hears exactly the utterance, and a pause only when speech goes on`(
        portion: Double
    ) throws {
        var pipeline = try makePipeline()
        var heard: [UtteranceKey: Range<SampleTime>] = [:]
        var finals: [FinalResult] = []
        func speak(_ seconds: Double, loud: Bool) throws {
            for _ in 0..<Int((seconds / portion).rounded()) {
                var late: [PipelineAction] = []
                for action in try feed(&pipeline, seconds: portion, loud: loud) {
                    switch action {
                    case .recognise(let key, let range):
                        if let before = heard[key] { #expect(before.upperBound == range.lowerBound) }
                        heard[key] = (heard[key]?.lowerBound ?? range.lowerBound)..<range.upperBound
                    case .finish(let key): pipeline.final(hypothesis("word"), for: key, into: &late)
                    default: break
                    }
                }
                for case .emit(.final(let result)) in late { finals.append(result) }
            }
        }
        try speak(1.4, loud: true)
        try speak(0.35, loud: false)
        let first = try #require(heard.first)
        // A tail of 200 ms after the last window with speech, in a whole window at most.
        #expect(first.value.upperBound.milliseconds <= 1632 && first.value.upperBound.milliseconds >= 1590)
        try speak(0.7, loud: true)
        try speak(0.7, loud: false)
        try speak(1.4, loud: true)
        try speak(0.7, loud: false)
        #expect(finals.count == 2)
        let ranges = heard.sorted { $0.key.number < $1.key.number }.map(\.value)
        #expect(ranges.map(\.lowerBound.milliseconds) == finals.map(\.startMS))
        #expect(ranges.map(\.upperBound.milliseconds) == finals.map(\.endMS))
        #expect(ranges[0].upperBound.milliseconds >= 2590)
    }

    @Test func `windows that come together are given to the recogniser together`() throws {
        var pipeline = try makePipeline()
        _ = try feed(&pipeline, seconds: 0.512, loud: true)
        let ranges = try feed(&pipeline, seconds: 0.096, loud: true).compactMap {
            if case .recognise(_, let range) = $0 { range } else { nil }
        }
        #expect(ranges == [SampleTime(8192)..<SampleTime(9728)])
    }

    @Test func `an interruption cancels what is open, and late answers are dropped`() throws {
        var pipeline = try makePipeline()
        let key = try #require(keys(feed(&pipeline, seconds: 1, loud: true)).first)
        var actions: [PipelineAction] = []
        pipeline.interrupt(into: &actions)
        guard case .cancel(key)? = actions.first else { Issue.record("not cancelled"); return }
        actions = []
        pipeline.partial(hypothesis("late"), for: key, throughSample: 16_000, into: &actions)
        pipeline.final(hypothesis("late"), for: key, into: &actions)
        #expect(actions.isEmpty)
        #expect(keys(try feed(&pipeline, seconds: 1, loud: true)).first?.epoch == 1)
    }

    @Test func `a word is stable when it stood still for two thirds of a second, and a later change is counted`() throws {
        var pipeline = try makePipeline()
        let key = try #require(keys(feed(&pipeline, seconds: 1, loud: true)).first)
        var shown: [PartialResult] = []
        for (text, ms) in [("go", 100), ("go four", 300), ("go forward", 900), ("go forward ten", 1600)] {
            var actions: [PipelineAction] = []
            pipeline.partial(hypothesis(text), for: key, throughSample: ms * 16, into: &actions)
            for case .emit(.partial(let partial)) in actions { shown.append(partial) }
        }
        #expect(shown.map(\.stable.count) == [0, 0, 1, 2])
        #expect(shown.last?.unstable.map(\.text) == ["ten"])
        var actions: [PipelineAction] = []
        pipeline.final(hypothesis("go upward ten"), for: key, into: &actions)
        #expect(pipeline.stability == (2, 1))
    }

    @Test func `a word that comes before others does not make them changed`() throws {
        var pipeline = try makePipeline()
        let key = try #require(keys(feed(&pipeline, seconds: 1, loud: true)).first)
        var actions: [PipelineAction] = []
        for ms in [100, 900] { pipeline.partial(hypothesis("go forward"), for: key, throughSample: ms * 16, into: &actions) }
        pipeline.final(hypothesis("please go on forward"), for: key, into: &actions)
        #expect(pipeline.stability == (2, 0))
    }

    @Test func `silence may be forgotten, speech not before its final`() throws {
        var pipeline = try makePipeline()
        let quiet = try feed(&pipeline, seconds: 4, loud: false)
        let forgotten = quiet.compactMap { if case .emit(.finalised(let sample)) = $0 { sample } else { nil } }
        #expect(!forgotten.isEmpty && forgotten.allSatisfy { $0 <= 48_000 })
        let speech = try feed(&pipeline, seconds: 3, loud: true)
        #expect(!speech.contains { if case .emit(.finalised(let sample)) = $0 { sample > 64_000 } else { false } })
        var actions: [PipelineAction] = []
        pipeline.finish(into: &actions)
        #expect(actions.contains { if case .finish = $0 { true } else { false } })
        #expect(pipeline.receivedSamples == 7 * 16_000 && pipeline.pendingBytes == 0)
    }

    @Test func `a failure is told in its place`() throws {
        var pipeline = try makePipeline()
        let key = try #require(keys(feed(&pipeline, seconds: 1, loud: true)).first)
        var actions: [PipelineAction] = []
        pipeline.failed(SpeechError(.overloaded, "Busy.", advice: "Wait."), for: key, into: &actions)
        #expect(actions.contains { if case .emit(.failed(let error)) = $0 { error.code == .overloaded } else { false } })
        #expect(pipeline.isSettled)
    }
}
