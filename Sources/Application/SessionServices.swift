public import Ports
public import SpeechPipeline

/// What every session needs from outside.
public struct SessionServices: Sendable {
    let recognizer: any Recognizer
    let detectors: DetectorPool
    let pipeline: SpeechPipeline.Configuration
    let clock: any Clock
    let metrics: SessionMetrics

    /// Collects the services.
    public init(
        recognizer: any Recognizer, detectors: DetectorPool, pipeline: SpeechPipeline.Configuration, clock: any Clock,
        metrics: SessionMetrics
    ) {
        self.recognizer = recognizer
        self.detectors = detectors
        self.pipeline = pipeline
        self.clock = clock
        self.metrics = metrics
    }
}
