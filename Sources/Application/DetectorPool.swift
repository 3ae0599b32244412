public import SpeechModel
public import SpeechPipeline
import Synchronization

/// Voice activity detectors for reuse: a neural one takes 14 ms and 6 MB to make.
public final class DetectorPool: Sendable {
    /// Detectors that wait for a use at most; more are freed.
    private static let maximumIdle = 32

    /// A detector that waits.
    // @unchecked: a detector is either in the pool's list (behind its mutex) or leased by exactly one session, which uses it on its
    // lane only.
    private struct Idle: @unchecked Sendable { let detector: any VoiceActivityDetector }

    private let make: @Sendable () throws(SpeechError) -> any VoiceActivityDetector
    private let report: @Sendable (SpeechError) -> Void
    private let idle = Mutex<[Idle]>([])

    /// Makes a pool that makes detectors with `make`.
    ///
    /// - Parameter report: hears why a detector could not be made; an ``EnergyDetector`` listens in its place.
    public init(
        make: @escaping @Sendable () throws(SpeechError) -> any VoiceActivityDetector,
        report: @escaping @Sendable (SpeechError) -> Void = { _ in }
    ) {
        self.make = make
        self.report = report
    }

    /// Makes `count` detectors ahead of time.
    public func warmUp(_ count: Int) throws(SpeechError) {
        for _ in 0..<count { giveBack(try make()) }
    }

    /// A detector behind a gate, which has one of these while the gate is open.
    public func gated() -> GatedDetector { GatedDetector(lease: { self.lease() }, giveBack: { self.giveBack($0) }) }

    /// A detector that has heard nothing yet.
    func lease() -> any VoiceActivityDetector {
        if let waiting = idle.withLock({ $0.popLast() }) { return waiting.detector }
        do {
            return try make()
        } catch {
            // The models were loaded at the start, so this is want of memory or of files: better to listen worse than not at all.
            report(error)
            return EnergyDetector()
        }
    }

    /// Takes a detector back, and makes it forget what it heard.
    func giveBack(_ detector: any VoiceActivityDetector) {
        detector.reset()
        let waiting = Idle(detector: detector)
        idle.withLock { if $0.count < Self.maximumIdle { $0.append(waiting) } }
    }
}
