import SpeechModel
import SpeechPipeline
import Synchronization
import Testing

@testable import Application

@Suite struct `Pooled detectors` {
    private final class Counting: VoiceActivityDetector {
        var heard = 0
        func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
            heard += 1
            return false
        }
        func reset() { heard = 0 }
    }

    private func hear(_ detector: any VoiceActivityDetector) {
        [Float](repeating: 0, count: 512).withUnsafeBufferPointer { _ = detector.isSpeech($0) }
    }

    @Test func `are used again, and have forgotten what they heard`() throws {
        let made = Atomic(0)
        let pool = DetectorPool { () throws(SpeechError) in
            made.add(1, ordering: .relaxed)
            return Counting()
        }
        try pool.warmUp(1)
        for _ in 0..<3 {
            let detector = try #require(pool.lease() as? Counting)
            #expect(detector.heard == 0)
            hear(detector)
            pool.giveBack(detector)
        }
        #expect(made.load(ordering: .relaxed) == 1)
    }

    @Test func `are replaced by a simpler one when no more can be made, and it is told`() {
        let told = Mutex<[SpeechError]>([])
        let pool = DetectorPool(
            make: { () throws(SpeechError) in throw SpeechError(.internalError, "No memory.", advice: "Add some.") },
            report: { error in told.withLock { $0.append(error) } })
        #expect(pool.lease() is EnergyDetector)
        #expect(told.withLock { $0.map(\.code) } == [.internalError])
        #expect(throws: SpeechError.self) { try pool.warmUp(1) }
    }
}
