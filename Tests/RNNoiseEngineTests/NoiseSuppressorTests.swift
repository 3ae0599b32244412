import Foundation
import RNNoiseEngine
import SpeechModel
import Testing
import Workers

@Suite struct `The noise suppressor` {
    @Test(arguments: [1, 7, 160, 512, 8000]) func `gives back as many samples as it took, however they came`(piece: Int) throws {
        for count in [0, 1, 159, 160, 161, 5000, 16_000] {
            let input = [Int16](repeating: 100, count: count)
            #expect(try suppressed(input, piece: piece).count == count)
        }
    }

    @Test func `does not depend on how the audio was cut`() throws {
        let input = try speech()
        let whole = try suppressed(input, piece: input.count)
        #expect(try suppressed(input, piece: 37) == whole)
        #expect(try suppressed(input, piece: 512) == whole)
    }

    @Test func `leaves a clean voice where it was, to the sample`() throws {
        let input = try speech()
        let output = try suppressed(input, piece: 512)
        func likeness(_ shift: Int) -> Double {
            (400..<input.count - 400).reduce(0) { $0 + Double(input[$1]) * Double(output[$1 + shift]) }
        }
        #expect((-300...300).max { likeness($0) < likeness($1) } == 0)
    }

    @Test func `takes at least 15 dB of the noise in a pause, and at most 3 dB of the voice`() throws {
        let voice = try speech()
        var random = SystemRandomNumberGenerator()
        // Uniform ±500: 49 dB, about 20 dB below the voice.
        let noise = (0..<voice.count + 32_000).map { _ in Int16.random(in: -500...500, using: &random) }
        let noisy = zip(noise, [Int16](repeating: 0, count: 32_000) + voice).map { Int16(clamping: Int($0) + Int($1)) }
        let output = try suppressed(noisy, piece: 512)
        // After the first second it knows the noise.
        #expect(decibels(output[16_000..<30_000]) < decibels(noisy[16_000..<30_000]) - 15)
        #expect(decibels(output[32_000...]) > decibels(voice[...]) - 3)
    }
}

@Suite struct `A decoder behind the noise suppressor` {
    @Test func `hears the audio as it is, unless suppression is asked for`() throws {
        let ear = Ear()
        let decoder = NoiseSuppressingDecoder(ear)
        let input = try speech()
        for suppresses in [false, true] {
            try decoder.start(adaptation: nil, suppressesNoise: suppresses, keyPhrases: nil)
            try input.withUnsafeBufferPointer { try decoder.accept($0) }
            _ = try decoder.finish()
            #expect(ear.heard.count == input.count)
            #expect((ear.heard == input) == !suppresses)
        }
    }

    @Test func `is given only what it learnt from audio of the same kind`() throws {
        let ear = Ear()
        let decoder = NoiseSuppressingDecoder(ear)
        func learnt(_ adaptation: String?, _ suppresses: Bool) throws -> String? {
            try decoder.start(adaptation: adaptation, suppressesNoise: suppresses, keyPhrases: nil)
            return try decoder.finish().adaptation
        }
        let clean = try learnt(nil, false)
        #expect(clean == "1")
        #expect(try learnt(clean, false) == "2")
        let noisy = try learnt(clean, true)
        #expect(ear.given == nil)
        _ = try learnt(noisy, true)
        #expect(ear.given == "3")
        _ = try learnt(noisy, false)
        #expect(ear.given == nil)
    }

    @Test func `can be given up and begin anew`() throws {
        let ear = Ear()
        let decoder = NoiseSuppressingDecoder(ear)
        try decoder.start(adaptation: nil, suppressesNoise: true, keyPhrases: nil)
        try speech().withUnsafeBufferPointer { try decoder.accept($0) }
        #expect(decoder.partial() == Hypothesis(words: []))
        decoder.cancel()
        #expect(ear.isCancelled)
        try decoder.start(adaptation: nil, suppressesNoise: true, keyPhrases: nil)
        _ = try decoder.finish()
        #expect(ear.heard.isEmpty)
    }
}

/// Keeps what it is told, and learns how many utterances it heard.
private final class Ear: UtteranceDecoder {
    var heard: [Int16] = []
    var given: String?
    var isCancelled = false
    private var utterances = 0

    func start(adaptation: String?, suppressesNoise: Bool, keyPhrases: KeyPhrases?) {
        heard = []
        given = adaptation
    }
    func accept(_ samples: UnsafeBufferPointer<Int16>) { heard += samples }
    func partial() -> Hypothesis { Hypothesis(words: []) }
    func finish() -> (hypothesis: Hypothesis, adaptation: String?) {
        utterances += 1
        return (Hypothesis(words: []), "\(utterances)")
    }
    func cancel() { isCancelled = true }
}

private func suppressed(_ input: [Int16], piece: Int) throws -> [Int16] {
    let suppressor = try NoiseSuppressor()
    var output: [Int16] = []
    for start in stride(from: 0, to: input.count, by: piece) {
        input[start..<min(input.count, start + piece)].withUnsafeBufferPointer { suppressor.suppress($0) { output += $0 } }
    }
    suppressor.flush { output += $0 }
    return output
}

private func decibels(_ samples: ArraySlice<Int16>) -> Double {
    10 * log10(samples.reduce(1) { $0 + Double($1) * Double($1) } / Double(samples.count))
}

/// Real speech: "go forward ten meters".
private func speech() throws -> [Int16] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: root.appendingPathComponent(".native/speech/goforward.raw"))
    return data.withUnsafeBytes { Array($0.bindMemory(to: Int16.self)) }
}
