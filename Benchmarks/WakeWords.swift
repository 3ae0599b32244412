import Assembly
import Foundation
import MynahConfiguration
import PocketSphinxEngine
import RNNoiseEngine
import SpeechModel
import SpeechPipeline

/// Wake words: how many are heard and missed, and how often something else is taken for one, at three sensitivities.
///
/// Everything is listened to once, with the greatest sensitivity; a phrase's score says from which sensitivity on it is noticed.
struct WakeWords {
    private static let sensitivities = [0.3, 0.55, 0.8]
    /// Of 6, 8, 10, 10 and 17 phones.
    private static let phrases = ["jarvis", "computer", "hey computer", "turn on the light", "okay kitchen please listen"]
    private static let command = "open the window"
    /// What is said once in the real recordings.
    private static let realPhrases = [
        "go forward", "ten meters", "ten of clubs", "queen of clubs", "eight of spades", "seven of hearts", "john dashwood",
        "prudently", "young man", "rather selfish", "amiable woman", "more respectable",
    ]
    private static let rates = [0.85, 1, 1.2]

    let speech: Speech
    let minutes: Int
    private let decoder: NoiseSuppressingDecoder
    private let settings: Settings
    private let models: ModelFiles

    init(speech: Speech, minutes: Int) throws {
        self.speech = speech
        self.minutes = minutes
        settings = try Configuration.load(environment: ProcessInfo.processInfo.environment).settings
        models = ModelFiles.locate(settings)
        decoder = NoiseSuppressingDecoder(try PocketSphinxDecoder(models: models.pocketSphinx, mode: .live))
    }

    func run(_ report: inout Report) throws {
        report.title("Wake words: sensitivity \(Self.sensitivities.map { "\($0)" }.joined(separator: ", "))")
        try hits(&report)
        try realHits(&report)
        try commands(&report)
        try falseAlarms(&report)
    }

    // MARK: - what is heard

    private struct Trial {
        var phrase: String
        var voice: String
        var samples: [Int16]
    }

    /// Each phrase by each voice, in three tempos, alone and with a command in the same breath.
    private func trials(_ noise: Noise?, _ decibels: Double) throws -> [Trial] {
        try Self.phrases.flatMap { phrase in
            try Speech.voices.flatMap { voice in
                try Self.rates.flatMap { rate in
                    try [phrase, "\(phrase) \(Self.command)"].map { text in
                        let spoken = try speech.spoken(text, voice: voice, stretch: rate).samples
                        var random = Random(seed: UInt64(spoken.count))
                        let before = Noise.white.samples(16_000, rms: 10, using: &random)
                        let after = Noise.white.samples(20_000, rms: 10, using: &random)
                        let recording = before + spoken + after
                        return Trial(
                            phrase: phrase, voice: voice,
                            samples: noise?.added(to: recording, decibels: decibels, below: spoken, seed: spoken.count)
                                ?? recording)
                    }
                }
            }
        }
    }

    private func hits(_ report: inout Report) throws {
        for (name, noise, decibels) in [
            ("clean", nil, 0), ("pink noise at 20 dB", .pink, 20), ("white noise at 20 dB", .white, 20),
            ("pink noise at 10 dB", .pink, 10),
        ] as [(String, Noise?, Double)] {
            let trials = try trials(noise, decibels)
            for isNew in [true, false] {
                var delays: [Double] = []
                var heard: [String: [Int]] = [:]
                var sessions: [String: BareSession] = [:]
                for trial in trials {
                    let session = try (isNew ? nil : sessions[trial.voice]) ?? session(Self.phrases)
                    sessions[trial.voice] = session
                    let before = session.hits.count
                    try session.hear(trial.samples)
                    if isNew { try session.end() }
                    let hits = session.hits[before...].filter { $0.phrase == trial.phrase }
                    let score = hits.map(\.score).max() ?? 0
                    for (index, sensitivity) in Self.sensitivities.enumerated() where score > 0 && score >= 1 - sensitivity {
                        heard[trial.phrase, default: [0, 0, 0]][index] += 1
                    }
                    delays += hits.compactMap { hit in hit.noticed.map { ($0 - hit.end) * 1000 } }
                }
                let title = "\(name), \(isNew ? "the first words of a session" : "one session for each voice")"
                for phrase in Self.phrases {
                    let count = trials.count { $0.phrase == phrase }
                    report.note(
                        "\(title): “\(phrase)” \(heard[phrase, default: [0, 0, 0]].map { "\($0)" }.joined(separator: ", ")) of \(count)"
                    )
                }
                let all = heard.values.reduce(0) { $0 + $1[1] }
                report.line(
                    "\(title): heard at \(Self.sensitivities[1])", Double(all) / Double(trials.count) * 100, unit: "%",
                    atLeast: noise == nil ? 90 : nil)
                report.line("\(title): end of phrase → noticed, audio", Quantiles(delays), unit: "ms")
            }
        }
    }

    private func realHits(_ report: inout Report) throws {
        let session = try session(Self.realPhrases)
        var random = Random(seed: 5)
        for utterance in speech.real.flatMap(\.utterances) {
            try session.hear(utterance.samples + Noise.white.samples(16_000, rms: 10, using: &random))
        }
        let counts = Self.sensitivities.map { sensitivity in
            Set(session.hits.filter { $0.score >= 1 - sensitivity }.map(\.phrase)).count
        }
        let extra = Self.sensitivities.map { sensitivity in
            session.hits.count { $0.score >= 1 - sensitivity }
        }
        report.note(
            "real voices: \(counts.map(String.init).joined(separator: ", ")) of \(Self.realPhrases.count) phrases, each said once in "
                + "\(number(session.seconds)) s; noticed in all \(extra.map(String.init).joined(separator: ", ")) times")
    }

    /// What is recognised of a command in the same breath.
    private func commands(_ report: inout Report) throws {
        var right = 0
        var woken = 0
        let spoken = try trials(nil, 0).enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        for trial in spoken {
            let session = try session([trial.phrase], sensitivity: Self.sensitivities[1], staysAsleep: false)
            try session.hear(trial.samples)
            try session.end()
            woken += session.hits.isEmpty ? 0 : 1
            right += session.finals.map(\.hypothesis.text) == [Self.command] ? 1 : 0
        }
        report.note("“\(Self.command)” in the same breath: \(right) of \(woken) that woke recognised without a wrong word")
    }

    // MARK: - what is taken for a phrase

    private func falseAlarms(_ report: inout Report) throws {
        var random = Random(seed: 21)
        let count = minutes * 60 * SampleTime.rate
        let read = try sentences.filter { !$0.contains(Self.phrases[3]) }.shuffled(using: &random).flatMap { sentence in
            try Speech.voices.map { try speech.spoken(sentence, voice: $0).samples }
        }
        func pause(_ random: inout Random) -> [Int16] { Noise.white.samples(12_000, rms: 10, using: &random) }
        let materials: [(String, [[Int16]])] = [
            ("synthetic speech", read.map { $0 + pause(&random) }),
            ("real speech", speech.real.flatMap(\.utterances).map { $0.samples + pause(&random) }),
            ("synthetic speech over music", Music.under(read.map { $0 + pause(&random) }, decibels: 10, using: &random)),
            ("music", [Music.samples(count, using: &random)]),
            ("pink noise", [Noise.pink.samples(count, rms: 1000, using: &random)]),
            ("a quiet room", [Noise.white.samples(count, rms: 10, using: &random)]),
        ]
        for (name, pieces) in materials {
            let session = try session(Self.phrases)
            for piece in pieces where session.seconds < Double(minutes * 60) { try session.hear(piece) }
            try session.end()
            let hours = session.seconds / 3600
            for phrase in Self.phrases where session.hits.contains(where: { $0.phrase == phrase && $0.score >= 0.2 }) {
                let counts = Self.sensitivities.map { sensitivity in
                    session.hits.count { $0.phrase == phrase && $0.score >= 1 - sensitivity }
                }
                report.note(
                    "\(name): “\(phrase)” taken \(counts.map(String.init).joined(separator: ", ")) times in \(number(hours * 60)) min"
                )
            }
            let perHour = Self.sensitivities.map { sensitivity in
                Double(session.hits.count { $0.score > 0 && $0.score >= 1 - sensitivity }) / hours / Double(Self.phrases.count)
            }
            report.note(
                "\(name), \(number(hours * 60)) min: false alarms per phrase and hour \(perHour.map(number).joined(separator: ", "))"
            )
        }
    }

    private func session(_ phrases: [String], sensitivity: Double = 1, staysAsleep: Bool = true) throws -> BareSession {
        try BareSession(
            detector: try Recognition.detectors(settings, models: models)(), decoder: decoder,
            wakeWord: WakeWord(phrases: KeyPhrases(phrases, sensitivity: sensitivity), windowMS: 8000), staysAsleep: staysAsleep)
    }
}
