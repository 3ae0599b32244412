import Assembly
import Foundation
import MynahConfiguration
import SpeechPipeline

/// What a window of voice activity costs, alone and among many sessions, whose detectors take turns as in a server.
struct DetectorTime {
    /// What the inference library took for one session, when it computed the network.
    private static let limitMicroseconds = 60.0
    private static let windows = 20_000
    let speech: Speech

    func run(_ report: inout Report) throws {
        report.title("Voice activity, a window of \(VoiceActivityWindow.milliseconds) ms")
        let settings = try Configuration.load(environment: ProcessInfo.processInfo.environment).settings
        let make = try Recognition.detectors(settings, models: ModelFiles.locate(settings))
        let samples = speech.real.flatMap(\.utterances).flatMap(\.samples).map { Float($0) / 32768 }
        for sessions in [1, 100] {
            let detectors = (0..<sessions).map { _ in make() }
            let took = (0..<Self.windows).map { index in
                let start = index / sessions * VoiceActivityWindow.samples % (samples.count - VoiceActivityWindow.samples)
                return samples.withUnsafeBufferPointer { samples in
                    let window = UnsafeBufferPointer(rebasing: samples[start..<start + VoiceActivityWindow.samples])
                    let begun = now()
                    _ = detectors[index % sessions].isSpeech(window)
                    return (now() - begun) * 1e6
                }
            }
            report.line(
                sessions == 1 ? "one session" : "\(sessions) sessions, in turns", Quantiles(took), unit: "µs",
                p95Limit: Self.limitMicroseconds)
        }
    }
}
