import Foundation
import SpeechModel

/// What is spoken: the real speech of the PocketSphinx distribution with its references, and flite's voices.
struct Speech {
    struct Utterance {
        var text: String
        /// 16 kHz mono.
        var samples: [Int16]
    }

    static let voices = ["slt", "awb", "rms", "kal16"]
    let root: URL
    /// The folder of PocketSphinx's model.
    var englishModel: String { root.appendingPathComponent(".native/models/pocketsphinx/en-us").path }
    /// Read sentences (LibriVox), spoken cards, one command: 96 words in all.
    let real: [(name: String, utterances: [Utterance])]

    init() throws {
        root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appendingPathComponent(".native/speech")
        func text(_ path: String) throws -> String {
            try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        }
        do {
            let cards = try text("cards/cards.transcription").split(separator: "\n").map { line in
                let parts = line.replacing("<s>", with: "").replacing("</s>", with: "").split(separator: "(")
                return Utterance(
                    text: words(String(parts[0])).joined(separator: " "),
                    samples: try readWAV(folder.appendingPathComponent("cards/\(parts[1].dropLast()).wav")))
            }
            let books = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("librivox").path)
                .filter { $0.hasSuffix(".wav") }.sorted()
            let librivox = try books.map { name in
                Utterance(
                    text: words(try text("librivox/\(name.dropLast(4)).txt")).joined(separator: " "),
                    samples: try readWAV(folder.appendingPathComponent("librivox/\(name)")))
            }
            let command = try Data(contentsOf: folder.appendingPathComponent("goforward.raw"))
            real = [
                ("goforward", [Utterance(text: "go forward ten meters", samples: pcm(command))]), ("cards", cards),
                ("librivox", librivox),
            ]
        } catch {
            throw SpeechError(
                .unreadableFile, "The test speech is not there: \(error).", advice: "Run `Scripts/setup --tests` first.")
        }
    }

    /// flite reading `sentence`, slower by `stretch`.
    func spoken(_ sentence: String, voice: String, stretch: Double = 1) throws -> Utterance {
        let folder = root.appendingPathComponent(".build/bench-speech")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let tempo = stretch == 1 ? "" : "-\(stretch)"
        let file = folder.appendingPathComponent("\(voice)\(tempo)-\(sentence.replacing(" ", with: "_")).wav")
        if !FileManager.default.fileExists(atPath: file.path) {
            try runProgram(
                "/usr/bin/env",
                ["flite", "-voice", voice, "--setf", "duration_stretch=\(stretch)", "-t", sentence, "-o", file.path])
        }
        return Utterance(text: sentence, samples: try readWAV(file))
    }

    /// About `seconds` of people who speak without stopping, half of it real (all of it with no `synthetic` utterances among them), 0.7 s
    /// of a quiet room between utterances; another order for each `seed`.
    func conversation(seconds: Int, seed: Int, synthetic: Int = 12, pauseMS: Int = 700) throws -> [Int16] {
        var random = Random(seed: UInt64(seed))
        var utterances = real.flatMap(\.utterances)
        for _ in 0..<synthetic {
            utterances.append(
                try spoken(sentences.randomElement(using: &random)!, voice: Self.voices.randomElement(using: &random)!))
        }
        var track = Noise.white.samples(8_000, rms: 10, using: &random)
        while track.count < seconds * SampleTime.rate {
            for utterance in utterances.shuffled(using: &random) {
                track += utterance.samples
                track += Noise.white.samples(pauseMS * 16, rms: 10, using: &random)
                if track.count >= seconds * SampleTime.rate { break }
            }
        }
        return track
    }
}

/// Noise of a known power.
enum Noise: String {
    case white, pink
    /// Below 60 Hz, in gusts: wind, a lorry.
    case rumble
    /// Of the mains, 50 Hz with its second and third harmonics.
    case hum

    func samples(_ count: Int, rms: Double, using random: inout Random) -> [Int16] {
        generate(count, using: &random).map { Int16(clamping: Int($0 * rms)) }
    }

    /// `recording` with this noise from its beginning to its end, `decibels` below the mean power of the `speech` in it.
    func added(to recording: [Int16], decibels: Double, below speech: [Int16], seed: Int) -> [Int16] {
        var random = Random(seed: UInt64(seed))
        let power = speech.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, speech.count))
        let rms = (power / pow(10, decibels / 10)).squareRoot()
        return zip(recording, generate(recording.count, using: &random)).map { Int16(clamping: Int(Double($0) + $1 * rms)) }
    }

    /// Unit power.
    private func generate(_ count: Int, using random: inout Random) -> [Double] {
        let raw =
            switch self {
            case .white: (0..<count).map { _ in random.normal() }
            case .pink: pink(count, using: &random)
            case .rumble: rumble(count, using: &random)
            case .hum:
                (0..<count).map { index in
                    let phase = 2 * .pi * 50 * Double(index) / Double(SampleTime.rate)
                    return sin(phase) + 0.5 * sin(2 * phase) + 0.3 * sin(3 * phase)
                }
            }
        let rms = (raw.reduce(0) { $0 + $1 * $1 } / Double(max(1, count))).squareRoot()
        return raw.map { $0 / max(rms, 1e-9) }
    }

    /// By Paul Kellet's economy filter (music-dsp, 1999), within 0.5 dB of −3 dB per octave.
    private func pink(_ count: Int, using random: inout Random) -> [Double] {
        var b0 = 0.0
        var b1 = 0.0
        var b2 = 0.0
        return (0..<count).map { _ in
            let white = random.normal()
            b0 = 0.99765 * b0 + white * 0.0990460
            b1 = 0.96300 * b1 + white * 0.2965164
            b2 = 0.57000 * b2 + white * 1.0526913
            return b0 + b1 + b2 + white * 0.1848
        }
    }

    /// White noise through four equal low-passes at 60 Hz, louder and quieter by 6 dB over a second.
    private func rumble(_ count: Int, using random: inout Random) -> [Double] {
        let share = 1 - exp(-2 * .pi * 60 / Double(SampleTime.rate))
        var stages = [Double](repeating: 0, count: 4)
        return (0..<count).map { index in
            var value = random.normal()
            for stage in stages.indices {
                stages[stage] += (value - stages[stage]) * share
                value = stages[stage]
            }
            return value * pow(2, sin(2 * .pi * Double(index) / Double(SampleTime.rate)))
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Box and Muller.
    mutating func normal() -> Double {
        (-2 * log(Double.random(in: 1e-12..<1, using: &self))).squareRoot()
            * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
    }
}

/// Lower-case words without punctuation.
func words(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && $0 != "'" }.map(String.init)
}

/// `speech` with its louder half at `level`, in dB relative to full scale.
func scaled(_ speech: [Int16], to level: Double) -> [Int16] {
    let powers = stride(from: 0, to: speech.count - 511, by: 512).map { start in
        speech[start..<start + 512].reduce(0.0) { $0 + Double($1) * Double($1) } / 512
    }.sorted()
    let loud = powers.suffix(max(1, powers.count / 2))
    let power = loud.reduce(0, +) / Double(max(1, loud.count))
    let factor = pow(10, level / 20) * 32_768 / max(1, power.squareRoot())
    return speech.map { Int16(clamping: Int((Double($0) * factor).rounded())) }
}

func pcm(_ data: Data) -> [Int16] {
    data.withUnsafeBytes { raw in
        (0..<raw.count / 2).map { Int16(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 2, as: Int16.self)) }
    }
}

/// The samples of a plain 16-bit WAV file that we made or that setup installed.
func readWAV(_ file: URL) throws -> [Int16] {
    let data = try Data(contentsOf: file)
    guard let start = data.range(of: Data("data".utf8)) else { return [] }
    return pcm(data[(start.upperBound + 4)...])
}

/// A 16 kHz mono WAV file.
func writeWAV(_ samples: [Int16], to file: URL) throws {
    func bytes(_ value: some FixedWidthInteger) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }
    var data = Data("RIFF".utf8) + bytes(UInt32(36 + samples.count * 2)) + Data("WAVEfmt ".utf8) + bytes(UInt32(16))
    data +=
        bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(16_000)) + bytes(UInt32(32_000)) + bytes(UInt16(2)) + bytes(UInt16(16))
    data += Data("data".utf8) + bytes(UInt32(samples.count * 2))
    samples.withUnsafeBytes { data.append(contentsOf: $0) }
    try data.write(to: file)
}

/// Runs a program to its end and returns what it wrote to standard output.
@discardableResult
func runProgram(_ program: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw SpeechError(
            .missingDependency, "\(arguments.joined(separator: " ").prefix(80)) ended with \(process.terminationStatus).",
            advice: "Run `Scripts/setup --tests`.")
    }
    return output
}
