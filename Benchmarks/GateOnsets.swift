import Assembly
import Foundation
import MynahConfiguration
import SpeechModel
import SpeechPipeline

/// Whether the gate in front of the neural detector costs any speech: onsets of utterances with it and without it, preprocessed as in a
/// session.
struct GateOnsets {
    let speech: Speech

    func run(_ report: inout Report) throws {
        report.title("The gate in front of the neural detector, against the detector alone")
        let configuration = try Configuration.load(environment: ProcessInfo.processInfo.environment)
        let models = ModelFiles.locate(configuration.settings)
        let detector = try Recognition.detectors(configuration.settings, models: models)
        let conditions: [(noise: Noise?, decibels: Double, levels: [Double]?)] = [
            (nil, 99, nil), (.pink, 20, nil), (.pink, 10, nil), (.white, 20, nil), (.white, 10, nil), (.white, 5, nil),
            (nil, 99, [-15, -45]), (nil, 99, [-50]), (.white, 20, [-45, -15]),
        ]
        for (noise, decibels, levels) in conditions {
            var random = Random(seed: 3)
            var alone = 0
            var lost = 0
            var late: [Double] = []
            var asked = 0
            var windows = 0
            // Pauses long enough for the gate to close and its detector to be given back.
            var track: [Int16] = []
            for (index, utterance) in speech.real.flatMap(\.utterances).enumerated() {
                let samples = levels.map { scaled(utterance.samples, to: $0[index % $0.count]) } ?? utterance.samples
                track += [Int16](repeating: 0, count: Int.random(in: 24_000..<56_000, using: &random)) + samples
            }
            let heard = noise?.added(to: track, decibels: decibels, below: track, seed: 5) ?? track
            let counting = CountingDetector(detector())
            let reference = utterances(heard, detector(), &windows)
            let gated = utterances(heard, GatedDetector(counting), &windows)
            alone += reference.count
            for onset in reference.map(\.lowerBound) {
                // One that began before it holds it too.
                guard let match = gated.first(where: { $0.lowerBound < onset + 0.5 && $0.upperBound > onset }) else {
                    lost += 1
                    continue
                }
                late.append(max(0, match.lowerBound - onset) * 1000)
            }
            asked = counting.asked
            var name = noise.map { "\($0.rawValue) noise at \(number(decibels)) dB" } ?? "as recorded"
            if let levels { name += ", voices at " + levels.map { "\(Int($0))" }.joined(separator: " and ") + " dB" }
            report.line("\(name): onsets lost of \(alone)", Double(lost), unit: "onsets", atMost: 0)
            report.note(
                "later by p95 \(number(Quantiles(late)[0.95])) ms; the detector heard \(number(Double(asked) / Double(windows / 2) * 100)) % of the windows"
            )
        }
    }

    /// Seconds at which utterances begin and end.
    private func utterances(
        _ samples: [Int16], _ detector: any VoiceActivityDetector, _ windows: inout Int
    ) -> [Range<Double>] {
        var endpointer = Endpointer(strategy: FixedSilence())
        var preprocessor = Preprocessor()
        var found: [Range<Double>] = []
        var begun: SampleTime?
        var at = 0
        while at + VoiceActivityWindow.samples <= samples.count {
            var window = samples[at..<at + VoiceActivityWindow.samples].map { Float($0) / 32768 }
            detector.levelChanged(by: window.withUnsafeMutableBufferPointer { preprocessor.apply(to: $0) })
            at += VoiceActivityWindow.samples
            windows += 1
            let isSpeech = window.withUnsafeBufferPointer { detector.isSpeech($0) }
            preprocessor.observe(isSpeech: isSpeech)
            switch endpointer.advance(isSpeech: isSpeech, windowEnd: SampleTime(at)) {
            case .speechStarted(let start): begun = start
            case .speechEnded(let end, _):
                if let start = begun { found.append(seconds(start)..<seconds(end)) }
                begun = nil
            case .silence, .speech: break
            }
        }
        if let start = begun { found.append(seconds(start)..<seconds(SampleTime(samples.count))) }
        return found
    }
}

private func seconds(_ time: SampleTime) -> Double { Double(time.sample) / Double(SampleTime.rate) }

private final class CountingDetector: VoiceActivityDetector {
    private let detector: any VoiceActivityDetector
    private(set) var asked = 0
    init(_ detector: any VoiceActivityDetector) { self.detector = detector }
    func isSpeech(_ window: UnsafeBufferPointer<Float>) -> Bool {
        asked += 1
        return detector.isSpeech(window)
    }
    func levelChanged(by decibels: Float) { detector.levelChanged(by: decibels) }
    func reset() { detector.reset() }
}
