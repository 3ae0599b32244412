import PipelineFeed
import SpeechModel
import Testing

@Suite("The timeline of an utterance") struct StageTimelineTests {
    @Test("gives each lap to its stage, and the stages add up")
    func laps() {
        var timeline = StageTimeline(lastSampleAt: 1_000_000)
        timeline.mark(.capture, at: 1_020_000)
        timeline.mark(.preprocess, at: 1_330_000)
        timeline.mark(.stt, at: 32_230_000)
        timeline.mark(.language, at: 32_430_000)
        timeline.mark(.publish, at: 32_530_000)
        #expect(timeline.stages.map(\.stage) == PipelineStage.allCases)
        #expect(timeline.stages.map(\.milliseconds) == [0.02, 0, 0.31, 30.9, 0.2, 0.1])
        #expect(timeline.totalMS == 31.53)
        #expect(timeline.processingTimeMS == 32)
    }

    @Test("rounds to microseconds, and half a millisecond up")
    func rounded() {
        var timeline = StageTimeline(lastSampleAt: 0)
        timeline.mark(.capture, at: 400)
        timeline.mark(.preprocess, at: 800)
        timeline.mark(.stt, at: 499_499)
        #expect(timeline.stages.map(\.milliseconds) == [0, 0, 0.001, 0.498, 0, 0])
        #expect(timeline.processingTimeMS == 0)
        timeline.mark(.publish, at: 499_500)
        #expect(timeline[.publish] == 0.001)
        #expect(timeline.processingTimeMS == 1)
    }

    @Test("adds laps of one stage together")
    func repeated() {
        var timeline = StageTimeline(lastSampleAt: 0)
        timeline.mark(.stt, at: 1_000_000)
        timeline.mark(.language, at: 1_500_000)
        timeline.mark(.stt, at: 3_500_000)
        #expect(timeline[.stt] == 3)
        #expect(timeline[.language] == 0.5)
    }

    @Test("leaves the endpoint wait out")
    func skipped() {
        var timeline = StageTimeline(lastSampleAt: 0)
        timeline.mark(.preprocess, at: 1_000_000)
        timeline.skip(to: 501_000_000)
        timeline.skip(to: 7)
        timeline.mark(.stt, at: 531_000_000)
        #expect(timeline.totalMS == 31)
        #expect(timeline[.stt] == 30)
    }

    @Test("takes nothing for a mark that lies before the last one")
    func disorder() {
        var timeline = StageTimeline(lastSampleAt: 5_000_000)
        timeline.mark(.capture, at: 4_000_000)
        timeline.mark(.stt, at: 8_000_000)
        timeline.mark(.language, at: 7_000_000)
        timeline.mark(.publish, at: 9_000_000)
        #expect(timeline.stages.map(\.milliseconds) == [0, 0, 0, 3, 0, 1])
    }

    @Test("goes on from what a session measured, without the endpoint wait")
    func fromLatency() {
        let latency = FinalLatency(endpointWaitMS: 480, ingestMS: 0.5, recogniserMS: 30)
        var timeline = StageTimeline(latency, answeredAt: 1_000)
        timeline.mark(.language, at: 201_000)
        timeline.mark(.publish, at: 301_000)
        #expect(timeline.stages.map(\.milliseconds) == [0, 0, 0.5, 30, 0.2, 0.1])
        #expect(timeline.processingTimeMS == 31)
    }

    @Test("counts what is no time as nothing", arguments: [-1, -.infinity, .nan, 0] as [Double])
    func noTime(_ value: Double) {
        #expect(StageTimeline(FinalLatency(ingestMS: value, recogniserMS: value), answeredAt: 0).totalMS == 0)
    }

    @Test("survives times beyond all measure")
    func huge() {
        var timeline = StageTimeline(FinalLatency(ingestMS: .infinity, recogniserMS: 1e300), answeredAt: 0)
        #expect(timeline[.stt] == 1e9)
        timeline.mark(.publish, at: .max)
        timeline.move(.max, from: .publish, to: .stt)
        #expect(timeline[.publish] == 0)
        #expect(timeline.totalMS == Double(UInt64.max / 1000 + 1) / 1000)
        #expect(timeline.processingTimeMS > 0)
    }

    @Test("moves a part that was measured inside a stage, at most all of it")
    func moved() {
        var timeline = StageTimeline(lastSampleAt: 0)
        timeline.mark(.preprocess, at: 1_000_000)
        timeline.move(300_000, from: .preprocess, to: .wakeword)
        #expect(timeline[.wakeword] == 0.3)
        #expect(timeline[.preprocess] == 0.7)
        timeline.move(9_000_000, from: .preprocess, to: .capture)
        timeline.move(1, from: .language, to: .publish)
        #expect(timeline.stages.map(\.milliseconds) == [0.7, 0.3, 0, 0, 0, 0])
    }

    @Test("adds up whatever is marked", arguments: 0..<20)
    func random(_ seed: UInt64) {
        var random = SeededRandom(seed)
        for _ in 0..<100 {
            var now = UInt64.random(in: 0...1_000_000_000_000, using: &random)
            let begin = now
            var skipped: UInt64 = 0
            var timeline = StageTimeline(lastSampleAt: now)
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let step = UInt64.random(in: 0...(Bool.random(using: &random) ? 999 : 50_000_000), using: &random)
                now += step
                if Int.random(in: 0..<5, using: &random) == 0 {
                    timeline.skip(to: now)
                    skipped += step
                } else {
                    timeline.mark(PipelineStage.allCases.randomElement(using: &random)!, at: now)
                }
                if Bool.random(using: &random) {
                    timeline.move(
                        UInt64.random(in: 0...9_999_999, using: &random),
                        from: PipelineStage.allCases.randomElement(using: &random)!,
                        to: PipelineStage.allCases.randomElement(using: &random)!)
                }
            }
            let sum = timeline.stages.map(\.milliseconds).reduce(0, +)
            #expect(timeline.stages.allSatisfy { $0.milliseconds >= 0 })
            #expect(abs(sum - timeline.totalMS) < 1e-6)
            #expect(abs(timeline.totalMS - Double(now - begin - skipped) / 1e6) < 0.001)
            #expect(abs(Double(timeline.processingTimeMS) - sum) <= 0.5 + 1e-6)
            if sum >= 10 { #expect(abs(Double(timeline.processingTimeMS) - sum) <= 0.05 * sum) }
        }
    }
}
