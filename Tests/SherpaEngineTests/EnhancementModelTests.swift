import Foundation
import ModelLibrary
import SherpaEngine
import Testing
import Workers

/// With a model that mutes everything above 4 kHz (Tools/lowpass-model).
@Suite struct EnhancementModelTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/models/lowpass").path

    private func tone(_ frequency: Double) -> [Int16] {
        (0..<16_000).map { Int16(8000 * sin(2 * .pi * frequency * Double($0) / 16_000)) }
    }

    private func loudness(_ samples: [Int16]) -> Double {
        let middle = samples[4000..<12_000]
        return (middle.reduce(0) { $0 + Double($1) * Double($1) } / Double(middle.count)).squareRoot()
    }

    @Test func `what the model lets through stays, the rest is gone`() throws {
        let description = try ModelFolder(Self.folder).inspect()
        #expect(description.family == .gtcrn && description.family.task == .enhancement && description.sampleRate == 16_000)
        let model = try EnhancementModel(description, in: Self.folder, options: RecognitionOptions(threads: 1, provider: "cpu"))
        func clean(_ samples: [Int16]) throws -> [Int16] {
            let result = try model.run([.numbers([16_000]), .samples(samples)]) { _ in }
            guard result.first == .numbers([16_000]), case .samples(let clean)? = result.last else { return [] }
            return clean
        }
        #expect((5500...5800).contains(loudness(try clean(tone(1000)))))
        #expect(loudness(try clean(tone(6000))) < 50)
        // A part of a second, as long as it was; at another rate it is resampled.
        let short = try model.run(EnhancementJob(samples: Array(tone(1000)[..<1234]), sampleRate: 8000).values) { _ in }
        #expect(EnhancementJob(short)?.samples.count == 2468)
        #expect(try model.run([.numbers([16_000]), .samples([])]) { _ in }.isEmpty)
        #expect(try model.run([.text("no sound")]) { _ in }.isEmpty)
    }
}
