public import Ports
public import SpeechModel
public import SpeechPipeline
import Synchronization

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

/// A detector on its way between sessions.
// @unchecked: a detector is either in the pool's list (behind its mutex) or leased by exactly one session, which uses it on its lane only.
public final class PooledDetector: @unchecked Sendable {
    let detector: any VoiceActivityDetector
    init(_ detector: any VoiceActivityDetector) { self.detector = detector }
}

/// Voice activity detectors for reuse: a neural one takes 14 ms and 6 MB to make.
public final class DetectorPool: Sendable {
    private let make: @Sendable () throws(SpeechError) -> any VoiceActivityDetector
    private let idle = Mutex<[PooledDetector]>([])

    /// Makes a pool that makes detectors with `make`.
    public init(make: @escaping @Sendable () throws(SpeechError) -> any VoiceActivityDetector) { self.make = make }

    /// Makes `count` detectors ahead of time.
    public func warmUp(_ count: Int) throws(SpeechError) {
        for _ in 0..<count { giveBack(PooledDetector(try make())) }
    }

    func lease() throws(SpeechError) -> PooledDetector {
        if let detector = idle.withLock({ $0.popLast() }) { return detector }
        return PooledDetector(try make())
    }

    func giveBack(_ detector: PooledDetector) {
        detector.detector.reset()
        idle.withLock { if $0.count < 64 { $0.append(detector) } }
    }
}
