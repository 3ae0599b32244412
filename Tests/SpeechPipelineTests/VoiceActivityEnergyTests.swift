import SpeechModel
import SpeechPipeline
import Testing

@Suite struct EnergyDetectorTests {
    private func share(of decisions: [Bool], where mask: [Bool]) -> Double {
        let chosen = zip(decisions, mask).filter(\.1)
        return Double(chosen.filter(\.0).count) / Double(chosen.count)
    }

    @Test(
        arguments: Noise.allCases, [(30, 0.995), (20, 0.995), (10, 0.99), (5, 0.985), (0, 0.96), (-3, 0.90)] as [(Float, Double)])
    func `Real speech in noise is hit and noise alone is not taken for speech`(
        noise: Noise, limit: (signalToNoise: Float, hits: Double)
    ) throws {
        let stream = try NoisySpeech(noise, signalToNoise: limit.signalToNoise)
        let decisions = stream.decisions(of: EnergyDetector())
        #expect(share(of: decisions, where: stream.speech) >= limit.hits)
        #expect(share(of: decisions, where: stream.noise) <= 0.005)
    }

    @Test func `A more aggressive detector misses more speech and takes less noise for it`() throws {
        let stream = try NoisySpeech(.pink, signalToNoise: 0)
        let noise = Noise.white.samples(300 * 16_000, level: -40, seed: 5)
        var hits: [Double] = []
        var alarms: [Int] = []
        for aggressiveness in 0...3 {
            hits.append(share(of: stream.decisions(of: EnergyDetector(aggressiveness: aggressiveness)), where: stream.speech))
            let detector = EnergyDetector(aggressiveness: aggressiveness)
            alarms.append(
                Fixtures.windows(of: noise).filter { window in window.withUnsafeBufferPointer { detector.isSpeech($0) } }.count)
        }
        #expect(hits[0] > hits[3] && hits[3] >= 0.85 && alarms[0] > alarms[3] && alarms[0] <= 300, "\(hits), \(alarms)")
    }

    @Test(arguments: Noise.allCases, [Float(-80), -60, -40, -30])
    func `Two minutes of stationary noise are not speech`(noise: Noise, level: Float) {
        let detector = EnergyDetector()
        let alarms = Fixtures.windows(of: noise.samples(120 * 16_000, level: level, seed: 9)).filter { window in
            window.withUnsafeBufferPointer { detector.isSpeech($0) }
        }
        #expect(alarms.count <= 4, "of 3750")
    }

    @Test func `Digital silence is not speech, and an empty window neither`() {
        let detector = EnergyDetector()
        let silence = [Float](repeating: 0, count: 512)
        for _ in 0..<300 { #expect(!silence.withUnsafeBufferPointer { detector.isSpeech($0) }) }
        #expect(!detector.isSpeech(UnsafeBufferPointer(start: nil, count: 0)))
    }

    @Test func `A noise that begins is speech for a few seconds at most`() {
        let detector = EnergyDetector()
        let stream = Noise.white.samples(5 * 16_000, level: -65) + Noise.white.samples(20 * 16_000, level: -35)
        let decisions = Fixtures.windows(of: stream).map { window in window.withUnsafeBufferPointer { detector.isSpeech($0) } }
        #expect(decisions[158...180].contains(true))
        #expect(!decisions.dropFirst(156 + 160).contains(true), "five seconds later")
    }

    @Test func `A room that becomes quieter is learnt at once`() throws {
        let quiet = try NoisySpeech(.white, signalToNoise: 30)
        let detector = EnergyDetector()
        for window in Fixtures.windows(of: Noise.white.samples(5 * 16_000, level: -20)) {
            _ = window.withUnsafeBufferPointer { detector.isSpeech($0) }
        }
        let decisions = quiet.decisions(of: detector)
        #expect(share(of: decisions, where: quiet.speech) >= 0.99)
    }

    @Test func `A stream that begins within a word is heard before long`() throws {
        let stream = try NoisySpeech(.pink, signalToNoise: 30, pauseSeconds: 0)
        let session = NoisySpeech(stream, from: try #require(stream.speech.firstIndex(of: true)) + 3)
        let decisions = session.decisions(of: EnergyDetector())
        #expect(share(of: Array(decisions.prefix(300)), where: Array(session.speech.prefix(300))) >= 0.85)
    }

    @Test func `A reset forgets the room`() throws {
        let stream = try NoisySpeech(.white, signalToNoise: 10)
        let detector = EnergyDetector()
        let first = stream.decisions(of: detector)
        detector.reset()
        #expect(stream.decisions(of: detector) == first)
    }
}
