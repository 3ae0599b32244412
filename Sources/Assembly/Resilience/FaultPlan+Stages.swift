import Glibc
import PipelineFeed
import Resilience
import SpeechModel
import SpeechPipeline
import Synchronization

extension FaultPlan? {
    /// Detectors that stall as planned.
    func spoiling(
        _ make: @escaping @Sendable () -> any VoiceActivityDetector
    ) -> @Sendable () -> any VoiceActivityDetector {
        guard let self else { return make }
        let stall = Stall(.preprocess, of: self)
        return { StallingDetector(make(), stall: stall) }
    }

    /// The same of finals' examination.
    func spoiling(_ annotate: @escaping TranscriptFeed.Annotate) -> TranscriptFeed.Annotate {
        guard let self else { return annotate }
        let stall = Stall(.language, of: self)
        return { text, expected in
            stall.happen()
            return annotate(text, expected)
        }
    }
}

/// Counts what happens in a stage, and keeps the thread there when the plan says so.
private final class Stall: Sendable {
    private let stage: PipelineStage
    private let plan: FaultPlan
    private let count = Atomic<Int>(0)

    init(_ stage: PipelineStage, of plan: FaultPlan) {
        self.stage = stage
        self.plan = plan
    }

    func happen() {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        if let ms = plan.stall(stage, number) { usleep(UInt32(ms) * 1000) }
    }
}

/// A detector that may stall when somebody begins to listen with it.
private final class StallingDetector: VoiceActivityDetector {
    private let detector: any VoiceActivityDetector
    private let stall: Stall
    private var hasBegun = false

    init(_ detector: any VoiceActivityDetector, stall: Stall) {
        self.detector = detector
        self.stall = stall
    }

    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        if !hasBegun { stall.happen() }
        hasBegun = true
        return detector.isSpeech(window)
    }

    func reset() {
        hasBegun = false
        detector.reset()
    }
}
