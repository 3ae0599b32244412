import Assembly
import Foundation
import MynahConfiguration
import SpeechModel
import SpeechPipeline

/// What the high-pass and the automatic gain do to word errors, and what an aggressive detector misses: live sessions with and without.
struct FrontEnd {
    let speech: Speech
    /// How many of the sentences each voice reads.
    let lines: Int

    private struct Voice {
        var name: String
        var utterances: [Speech.Utterance]
    }

    /// A session, and where its utterances are.
    private struct Track {
        var samples: [Int16]
        var utterances: [(text: String, range: Range<Int>)]
    }

    func run(_ report: inout Report) throws {
        let settings = try Configuration.load(environment: ProcessInfo.processInfo.environment).settings
        let voices = try voices()
        let count = voices.flatMap(\.utterances).reduce(0) { $0 + words($1.text).count }
        report.title("High-pass and automatic gain: word error rate of live sessions, \(count) words")
        let session = try DirectSession(settings)
        for condition in Condition.allCases {
            let tracks = voices.enumerated().map { track($1, condition, seed: $0) }
            func heard(_ treatment: Treatment, denoise: Treatment = .auto) throws -> [[DirectSession.Utterance]] {
                var configuration = Recognition.pipelineConfiguration(settings)
                (configuration.highPass, configuration.gain) = (treatment, treatment)
                configuration.noiseSuppression = denoise
                return try tracks.map { try session.utterances(in: $0.samples, configuration) }
            }
            func errors(_ heard: [[DirectSession.Utterance]]) throws -> [Int] {
                try zip(heard, tracks).flatMap { try wrongWords(session.words(of: $0), $1) }
            }
            let untreated = try heard(.off)
            let treated = try heard(.auto)
            let engine = try errors(heard(.off, denoise: .off))
            let without = try errors(untreated)
            let automatic = try errors(treated)
            let always = try errors(heard(.on))
            let lengths = tracks.flatMap(\.utterances).map { words($0.text).count }
            func rate(_ errors: [Int]) -> String {
                "\(number(Double(errors.reduce(0, +)) / Double(count) * 100)) %"
            }
            let interval = bootstrap(automatic, without, words: lengths)
            report.line(
                "\(condition.name): as needed − never, \(condition.isHelped ? "upper" : "lower") end of the 95 % interval",
                condition.isHelped ? interval.upper : interval.lower, unit: "percentage points", atMost: 0)
            report.note(
                "recogniser alone \(rate(engine)), with noise suppression \(rate(without)), and with both as needed \(rate(automatic)), always "
                    + "\(rate(always)); difference \(number(interval.lower)) to \(number(interval.upper)); "
                    + "\(zip(untreated, treated).count { $0 != $1 }) of \(tracks.count) sessions heard otherwise")
        }
    }

    /// flite's voices, and the real ones.
    private func voices() throws -> [Voice] {
        try Speech.voices.enumerated().map { index, voice in
            // Others for each voice, when not all are read.
            let chosen = (0..<lines).map { sentences[(index + $0 * sentences.count / lines) % sentences.count] }
            return Voice(name: voice, utterances: try chosen.map { try speech.spoken($0, voice: voice) })
        } + speech.real.map { Voice(name: $0.name, utterances: $0.utterances) }
    }

    /// The voice's session: a room, and in it the utterances with pauses.
    private func track(_ voice: Voice, _ condition: Condition, seed: Int) -> Track {
        var random = Random(seed: UInt64(seed))
        var clean = [Int16](repeating: 0, count: 24_000)
        var utterances: [(String, Range<Int>)] = []
        for (index, utterance) in voice.utterances.enumerated() {
            let samples = condition.level(index).map { scaled(utterance.samples, to: $0) } ?? utterance.samples
            utterances.append((utterance.text, clean.count..<clean.count + samples.count))
            clean += samples + [Int16](repeating: 0, count: 12_800)
        }
        let room = Noise.white.samples(clean.count, rms: condition.room, using: &random)
        let quiet = zip(clean, room).map { Int16(clamping: Int($0) + Int($1)) }
        return Track(samples: condition.disturbed(quiet, voice: clean, seed: seed), utterances: utterances)
    }

    /// The wrong words of each utterance: a word belongs to the one that it lies in or next to.
    private func wrongWords(_ heard: [Word], _ track: Track) -> [Int] {
        track.utterances.map { text, range in
            // Half of a pause.
            let near = (range.lowerBound - 6400) / 16..<(range.upperBound + 6400) / 16
            let found = heard.filter { near.contains(($0.startMS + $0.endMS) / 2) }.map(\.text)
            return editDistance(words(found.joined(separator: " ")), words(text))
        }
    }
}
