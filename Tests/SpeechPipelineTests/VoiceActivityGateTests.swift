import SpeechModel
import SpeechPipeline
import Testing

/// Remembers what it was shown and answers from a closure.
private final class Recorder: VoiceActivityDetector {
    var windows: [Float] = []
    var resets = 0
    let answer: (UnsafeBufferPointer<Float>) -> Bool

    init(_ answer: @escaping (UnsafeBufferPointer<Float>) -> Bool = { _ in false }) { self.answer = answer }

    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        windows.append(window[0])
        return answer(window)
    }

    func reset() { resets += 1 }
}

@Suite struct GatedDetectorTests {
    /// Shows windows of `samples` to `detector`.
    @discardableResult private func hear(_ samples: [Float], with detector: GatedDetector) -> [Bool] {
        Fixtures.windows(of: samples).map { window in window.withUnsafeBufferPointer { detector.isSpeech($0) } }
    }

    @Test(arguments: Noise.allCases, [Float(-70), -50, -30])
    func `In stationary noise the detector is spared at least nine tenths of the windows`(noise: Noise, level: Float) {
        for seed in 1...3 {
            let recorder = Recorder()
            hear(noise.samples(60 * 16_000, level: level, seed: UInt64(seed)), with: GatedDetector(recorder))
            #expect(recorder.windows.count < 187, "of 1875")
        }
    }

    @Test func `A room that a gain makes quieter or louder is the same room`() {
        for change: Float in [-24, 24] {
            let recorder = Recorder()
            let gate = GatedDetector(recorder)
            hear(Noise.pink.samples(12 * 16_000, level: -50), with: gate)
            gate.levelChanged(by: change)
            let before = recorder.windows.count
            hear(Noise.pink.samples(4 * 16_000, level: -50 + change, seed: 2), with: gate)
            #expect(recorder.windows.count < before + 40, "the gate stays shut")
            // Softer than the room was before the gain fell.
            hear(Noise.pink.samples(1600, level: -38 + change, seed: 3), with: gate)
            #expect(gate.isOpen)
        }
    }

    @Test func `In digital silence only the probes are heard`() {
        let recorder = Recorder()
        hear(Array(repeating: 0, count: 60 * 16_000), with: GatedDetector(recorder))
        // 16 windows until it closes, then 6 kept ones and the probe's own every 188.
        #expect(recorder.windows.count == 16 + (1875 - 16) / 188 * 7)
    }

    @Test(arguments: Noise.allCases, [Float(30), 20, 10, 5, 0])
    func `A detector behind the gate hears all speech, and the utterance begins no later`(noise: Noise, signalToNoise: Float)
        throws
    {
        let stream = try NoisySpeech(noise, signalToNoise: signalToNoise)
        let oracle = Oracle(stream)
        let decisions = stream.decisions(of: GatedDetector(oracle))

        let unheard = stream.speech.indices.filter { stream.speech[$0] && !oracle.heard.contains($0) }
        #expect(unheard.isEmpty)

        /// Where utterances begin according to these decisions.
        func starts(_ decisions: [Bool]) -> [SampleTime] {
            var endpointer = Endpointer(strategy: FixedSilence())
            return decisions.enumerated().compactMap { index, isSpeech in
                let decision = endpointer.advance(isSpeech: isSpeech, windowEnd: SampleTime((index + 1) * 512))
                return if case .speechStarted(let start) = decision { start } else { nil }
            }
        }
        let expected = starts(stream.speech)
        let gated = starts(decisions)
        #expect(expected.count >= 11 && gated.count == expected.count)
        for (expected, gated) in zip(expected, gated) {
            // The pre-roll of 300 ms is longer than what is replayed: 192 ms.
            #expect(gated - expected <= GatedDetector.replayedWindows * 512)
        }
    }

    @Test(arguments: Noise.allCases)
    func `In a usual room every onset is reported with its very window`(noise: Noise) throws {
        let stream = try NoisySpeech(noise, signalToNoise: 20)
        #expect(stream.decisions(of: GatedDetector(Oracle(stream))) == stream.speech)
    }

    @Test func `When it opens the detector first hears what was kept, in order, and speech in that counts`() {
        // Every window is marked by its first sample.
        func window(_ mark: Float, loud: Bool = false) -> [Float] {
            [mark] + (1..<512).map { loud ? ($0 % 2 == 0 ? 0.1 : -0.1) : ($0 % 2 == 0 ? 1e-4 : -1e-4) }
        }
        let recorder = Recorder { $0[0] == 2.8e-5 }
        let gate = GatedDetector(recorder)
        for mark in 1..<30 { #expect(!hear(window(Float(mark) * 1e-6), with: gate)[0]) }
        #expect(!gate.isOpen && recorder.windows.count == 16)
        #expect(hear(window(9e-5, loud: true), with: gate) == [true])
        #expect(gate.isOpen && recorder.windows.dropFirst(16) == [2.4e-5, 2.5e-5, 2.6e-5, 2.7e-5, 2.8e-5, 2.9e-5, 9e-5])
        // Open: no window is heard twice.
        hear(window(8e-5), with: gate)
        #expect(recorder.windows.count == 24)
    }

    @Test func `It closes only after half a second without speech near the floor`() {
        let noise = Noise.white.samples(10 * 16_000, level: -60)
        var speaks = false
        let recorder = Recorder { _ in speaks }
        let gate = GatedDetector(recorder)
        hear(noise, with: gate)
        #expect(!gate.isOpen)
        speaks = true
        hear(Noise.white.samples(512, level: -30), with: gate)
        hear(Array(noise.prefix(512 * 40)), with: gate)
        #expect(gate.isOpen, "the detector still says yes")
        speaks = false
        hear(Array(noise.prefix(512 * 15)), with: gate)
        #expect(gate.isOpen)
        hear(Array(noise.prefix(512)), with: gate)
        #expect(!gate.isOpen)
    }

    @Test func `A voice too faint to rise is heard within six seconds`() {
        var speaks = false
        let recorder = Recorder { _ in speaks }
        let gate = GatedDetector(recorder)
        let silence = [Float](repeating: 0, count: 512)
        for _ in 0..<40 { hear(silence, with: gate) }
        #expect(!gate.isOpen)
        speaks = true
        let heard = (0..<188).first { _ in hear(silence, with: gate)[0] }
        #expect(heard != nil && gate.isOpen)
    }

    @Test func `A louder room is learnt while it is open, and the gate closes again`() {
        let recorder = Recorder()
        let gate = GatedDetector(recorder)
        hear(Noise.pink.samples(5 * 16_000, level: -60), with: gate)
        #expect(!gate.isOpen)
        hear(Noise.pink.samples(512, level: -35), with: gate)
        #expect(gate.isOpen)
        recorder.windows = []
        hear(Noise.pink.samples(60 * 16_000, level: -35), with: gate)
        #expect(recorder.windows.count < 300, "of 1875, the time to learn included")
    }

    @Test func `Speech from the first window on is heard`() throws {
        let stream = try NoisySpeech(.pink, signalToNoise: 20, pauseSeconds: 0)
        let start = try #require(stream.speech.firstIndex(of: true))
        let session = NoisySpeech(stream, from: start)
        #expect(session.speech.prefix(3) == [true, true, true])
        #expect(session.decisions(of: GatedDetector(Oracle(session))).prefix(50) == session.speech.prefix(50))
    }

    @Test func `A reset begins anew, open and without kept audio`() {
        let recorder = Recorder()
        let gate = GatedDetector(recorder)
        let silence = [Float](repeating: 0, count: 512)
        for _ in 0..<50 { hear(silence, with: gate) }
        #expect(!gate.isOpen && recorder.windows.count == 16)
        gate.reset()
        #expect(gate.isOpen && recorder.resets == 2)
        hear(silence, with: gate)
        #expect(recorder.windows.count == 17)
    }
}

/// Knows the truth of every window that it is shown.
private final class Oracle: VoiceActivityDetector {
    /// Which windows were shown.
    private(set) var heard: Set<Int> = []
    private let speech: [Bool]
    private var positions: [UInt64: Int] = [:]

    init(_ stream: NoisySpeech) {
        speech = stream.speech
        for (index, window) in Fixtures.windows(of: stream.samples).enumerated() {
            positions[window.withUnsafeBufferPointer(Self.key)] = index
        }
    }

    /// Tells windows apart by their samples (FNV-1a).
    private static func key(_ window: UnsafeBufferPointer<Float>) -> UInt64 {
        window.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1.bitPattern)) &* 1_099_511_628_211 }
    }

    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        guard let position = positions[Self.key(window)] else { return false }
        heard.insert(position)
        return speech[position]
    }

    func reset() {}
}
