import Foundation
import SpeechModel
import SpeechPipeline

/// Real human speech, as `make setup` leaves it in `.native/speech`, and synthetic noise to mix it with.
enum Fixtures {
    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String { "There is no speech at \(path). Run `make setup` first." }
    }

    /// The distribution's recordings, 16 kHz mono, each scaled so that its speech is at −26 dB.
    static func utterances() throws -> [[Float]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: ".native/speech")
        let names =
            ["goforward.raw"] + (1...5).map { "cards/00\($0).wav" }
            + ["0870", "0880", "0890", "0920", "0930"].map { "librivox/sense_and_sensibility_01_austen_64kb-\($0).wav" }
        return try names.map { name in
            let file = folder.appending(path: name)
            guard let data = try? Data(contentsOf: file) else { throw Missing(path: file.path) }
            // The recordings' headers are plain: 44 bytes.
            let samples = data.dropFirst(name.hasSuffix(".wav") ? 44 : 0).withUnsafeBytes { bytes in
                (0..<bytes.count / 2).map {
                    Float(Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: Int16.self))) / 32768
                }
            }
            let loud = windows(of: samples).map(decibels).sorted().suffix(samples.count / 512 / 2)
            let scale = pow(10, (-26 - loud.reduce(0, +) / Float(loud.count)) / 20)
            return samples.map { $0 * scale }
        }
    }

    /// Mean power in dB relative to full scale.
    static func decibels(_ samples: some Collection<Float>) -> Float {
        10 * log10(samples.reduce(1e-12) { $0 + $1 * $1 } / Float(samples.count))
    }

    static func windows(of samples: [Float]) -> [ArraySlice<Float>] {
        stride(from: 0, to: samples.count / 512 * 512, by: 512).map { samples[$0..<$0 + 512] }
    }
}

/// Noise of a stationary room.
enum Noise: String, CaseIterable, Sendable {
    case white, pink, hum

    /// `count` samples at `level` dB relative to full scale.
    func samples(_ count: Int, level: Float, seed: UInt64 = 1) -> [Float] {
        var random = SplitMix(state: seed)
        var pinkState = (Float(0), Float(0), Float(0))
        let raw = (0..<count).map { index -> Float in
            let white = random.gaussian()
            switch self {
            case .white: return white
            case .pink:
                // Paul Kellet's economy filter: within 0.5 dB of −3 dB per octave.
                pinkState.0 = 0.99765 * pinkState.0 + white * 0.0990460
                pinkState.1 = 0.96300 * pinkState.1 + white * 0.2965164
                pinkState.2 = 0.57000 * pinkState.2 + white * 1.0526913
                return pinkState.0 + pinkState.1 + pinkState.2 + white * 0.1848
            case .hum:
                // A mains hum with its harmonics over a faint hiss.
                let phase = 2 * Float.pi * 50 * Float(index % 16_000) / 16_000
                return sin(phase) + 0.5 * sin(2 * phase) + 0.3 * sin(3 * phase) + 0.05 * white
            }
        }
        let scale = pow(10, (level - Fixtures.decibels(raw)) / 20)
        return raw.map { $0 * scale }
    }
}

/// The recordings in noise, with pauses of noise only between them.
struct NoisySpeech {
    let samples: [Float]
    /// Windows in which the clean speech is louder than −40 dB: certainly speech.
    let speech: [Bool]
    /// Windows with noise alone, at least a third of a second after speech.
    let noise: [Bool]

    init(_ kind: Noise, signalToNoise: Float, pauseSeconds: Int = 3) throws {
        let pause = [Float](repeating: 0, count: pauseSeconds * 16_000)
        var clean = pause
        var pauses: [Range<Int>] = [0..<pause.count]
        for utterance in try Fixtures.utterances() {
            clean += utterance
            pauses.append(clean.count..<clean.count + pause.count)
            clean += pause
        }
        let noise = kind.samples(clean.count, level: -26 - signalToNoise)
        samples = zip(clean, noise).map { min(max($0 + $1, -1), 1) }
        speech = Fixtures.windows(of: clean).map { Fixtures.decibels($0) > -40 }
        self.noise = (0..<clean.count / 512).map { window in
            pauses.contains { $0.lowerBound + (window < 8 ? 0 : 6400) <= window * 512 && (window + 1) * 512 <= $0.upperBound }
        }
    }

    /// The rest of `other` from a window on.
    init(_ other: NoisySpeech, from window: Int) {
        samples = Array(other.samples.dropFirst(window * 512))
        speech = Array(other.speech.dropFirst(window))
        noise = Array(other.noise.dropFirst(window))
    }

    /// What `detector` says of every window.
    func decisions(of detector: some VoiceActivityDetector) -> [Bool] {
        Fixtures.windows(of: samples).map { window in window.withUnsafeBufferPointer { detector.isSpeech($0) } }
    }
}

/// A small reproducible generator (Steele, Lea and Flood, 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Normally distributed, mean 0 and variance 1 (Box and Muller).
    mutating func gaussian() -> Float {
        let radius = (-2 * log(1 - Float.random(in: 0..<1, using: &self))).squareRoot()
        return radius * cos(2 * .pi * Float.random(in: 0..<1, using: &self))
    }
}
