import Foundation
import SpeechModel

/// Something like music, made up: chords that change with each bar, a melody with vibrato, a bass, and drums.
enum Music {
    /// About −20 dB of full scale; another piece for each state of `random`.
    static func samples(_ count: Int, using random: inout Random) -> [Int16] {
        let rate = Double(SampleTime.rate)
        let beat = 0.5
        let roots = [0, 5, 7, 9, 2, 4]
        var track = [Double](repeating: 0, count: count)
        /// A tone with the given partials, struck and fading.
        func add(_ note: Double, at start: Int, seconds: Double, level: Double, partials: Int, vibrato: Double) {
            let frequency = 440 * pow(2, (note - 69) / 12)
            for index in 0..<min(Int(seconds * rate), max(0, count - start)) {
                let time = Double(index) / rate
                let envelope = min(1, time * 100) * exp(-2 * time / seconds)
                let phase = 2 * Double.pi * frequency * (time + vibrato * sin(2 * .pi * 5.5 * time))
                var value = 0.0
                for partial in 1...partials where frequency * Double(partial) < rate / 2 {
                    value += sin(phase * Double(partial)) / Double(partial)
                }
                track[start + index] += value * envelope * level
            }
        }
        func strike(at start: Int, seconds: Double, level: Double, isDrum: Bool) {
            for index in 0..<min(Int(seconds * rate), max(0, count - start)) {
                let time = Double(index) / rate
                let tone = sin(2 * .pi * (50 + 100 * exp(-30 * time)) * time)
                track[start + index] += (isDrum ? tone : random.normal() * 0.5) * exp(-6 * time / seconds) * level
            }
        }
        let beats = Int(Double(count) / rate / beat) + 1
        var root = 0
        for index in 0..<beats {
            let start = Int(Double(index) * beat * rate)
            if index % 4 == 0 {
                root = roots.randomElement(using: &random)!
                for third in [0, 4, 7] {
                    add(Double(48 + root + third), at: start, seconds: 4 * beat, level: 900, partials: 8, vibrato: 0)
                }
            }
            add(Double(36 + root), at: start, seconds: beat, level: 1500, partials: 4, vibrato: 0)
            let melody = Double(60 + root + [0, 2, 4, 7, 9, 12].randomElement(using: &random)!)
            add(melody, at: start, seconds: beat * 1.5, level: 1300, partials: 12, vibrato: 0.0002)
            strike(at: start, seconds: 0.2, level: index % 2 == 0 ? 4000 : 0, isDrum: true)
            strike(at: start, seconds: 0.15, level: index % 2 == 1 ? 2500 : 600, isDrum: false)
        }
        return track.map { Int16(clamping: Int($0)) }
    }

    /// Speech with music behind it, so many decibels below.
    static func under(_ pieces: [[Int16]], decibels: Double, using random: inout Random) -> [[Int16]] {
        let music = samples(60 * SampleTime.rate, using: &random).map { Double($0) }
        let musicPower = music.reduce(0) { $0 + $1 * $1 } / Double(music.count)
        var at = 0
        return pieces.map { piece in
            let power = piece.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, piece.count))
            let scale = (power / musicPower / pow(10, decibels / 10)).squareRoot()
            return piece.map { sample in
                at = (at + 1) % music.count
                return Int16(clamping: Int(Double(sample) + music[at] * scale))
            }
        }
    }
}
