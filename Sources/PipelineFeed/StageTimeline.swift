public import SpeechModel

/// How the time from an utterance's last needed sample to its publication was spent, stage by stage.
///
/// It is used like a stopwatch with laps: each ``mark(_:at:)`` gives the time since the mark before to one stage. So the stages
/// add up to the total whatever is marked, nothing is counted twice, and waiting in a queue belongs to the stage that was
/// waited for. What was not spent on computing (the endpoint wait) is left out by ``skip(to:)``.
///
/// Times are nanoseconds of one monotonic clock, which the caller reads. Marks of several threads may come a little out of
/// order: one that lies before the last one takes nothing and moves nothing.
public struct StageTimeline: Hashable, Sendable {
    /// The longest time that ``init(_:answeredAt:)`` believes a stage: eleven days, in ms.
    private static let longestMS = 1e9

    /// Nanoseconds by stage, in the order of ``PipelineStage/allCases``.
    private var spent = [UInt64](repeating: 0, count: PipelineStage.allCases.count)
    private var reached: UInt64

    /// Begins when the last needed sample arrived.
    public init(lastSampleAt nanoseconds: UInt64) { reached = nanoseconds }

    /// Goes on from what a session measured until the recogniser answered: its ingest time is ``PipelineStage/preprocess`` and its
    /// recogniser time ``PipelineStage/stt``; the endpoint wait is left out. What is no time (negative, not a number) counts as 0.
    public init(_ latency: FinalLatency, answeredAt nanoseconds: UInt64) {
        reached = nanoseconds
        add(Self.nanoseconds(latency.ingestMS), to: .preprocess)
        add(Self.nanoseconds(latency.recogniserMS), to: .stt)
    }

    /// Gives the time since the last mark to `stage`. A stage may be marked several times.
    public mutating func mark(_ stage: PipelineStage, at nanoseconds: UInt64) {
        guard nanoseconds > reached else { return }
        add(nanoseconds - reached, to: stage)
        reached = nanoseconds
    }

    /// Leaves out the time since the last mark, because it was not spent on computing.
    public mutating func skip(to nanoseconds: UInt64) { reached = max(reached, nanoseconds) }

    /// Gives a part of one stage's time, measured inside it, to another; at most all of it. The total stays.
    public mutating func move(_ nanoseconds: UInt64, from whole: PipelineStage, to part: PipelineStage) {
        let moved = min(nanoseconds, spent[Self.index(whole)])
        spent[Self.index(whole)] -= moved
        add(moved, to: part)
    }

    /// What one stage took, in ms with whole microseconds. All stages together are exactly ``totalMS``.
    public subscript(stage: PipelineStage) -> Double {
        // The bounds between the stages are rounded and not the stages, so that the errors do not add up.
        let end = microseconds(before: Self.index(stage) + 1)
        return Double(end - microseconds(before: Self.index(stage))) / 1000
    }

    /// Every stage, in the order of ``PipelineStage/allCases``, with what it took in ms.
    public var stages: [(stage: PipelineStage, milliseconds: Double)] { PipelineStage.allCases.map { ($0, self[$0]) } }

    /// From the last needed sample to the last mark, in ms with whole microseconds; what was skipped is not in it.
    public var totalMS: Double { Double(microseconds(before: spent.count)) / 1000 }

    /// ``totalMS`` rounded to whole ms: never more than 0.5 ms beside the sum of the stages, which is below 5 % from 10 ms
    /// upwards.
    public var processingTimeMS: Int { Int((microseconds(before: spent.count) + 500) / 1000) }

    // MARK: - Parts

    private static func index(_ stage: PipelineStage) -> Int {
        switch stage {
        case .capture: 0
        case .wakeword: 1
        case .preprocess: 2
        case .stt: 3
        case .language: 4
        case .publish: 5
        }
    }

    private static func nanoseconds(_ milliseconds: Double) -> UInt64 {
        milliseconds > 0 ? UInt64(min(milliseconds, longestMS) * 1e6) : 0
    }

    private mutating func add(_ nanoseconds: UInt64, to stage: PipelineStage) {
        spent[Self.index(stage)] = Self.sum(spent[Self.index(stage)], nanoseconds)
    }

    private func microseconds(before index: Int) -> UInt64 {
        let nanoseconds = spent[..<index].reduce(0, Self.sum)
        return nanoseconds / 1000 + (nanoseconds % 1000 >= 500 ? 1 : 0)
    }

    /// Stops at the largest number: a clock that jumped gives a wrong time, not a crash.
    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
