import Dispatch
import Foundation
import SpeechModel
import Synchronization

/// Word error rate of `mynah transcribe` beside the engine's own program on the same files.
struct WordErrors {
    let speech: Speech

    func run(_ report: inout Report) throws {
        report.title("Word error rate beside the engine's own program (`pocketsphinx single`)")
        for (name, utterances) in speech.real {
            let ours = try errors(of: mynah(files(utterances, name)), utterances)
            let theirs = try errors(of: engine(files(utterances, name)), utterances)
            let count = utterances.reduce(0) { $0 + words($1.text).count }
            report.note("\(name): \(ours.reduce(0, +)) of \(count) words wrong, the engine's own program \(theirs.reduce(0, +))")
        }
        let spoken = try Speech.voices.flatMap { voice in try sentences.map { try speech.spoken($0, voice: voice) } }
        let count = spoken.reduce(0) { $0 + words($1.text).count }
        for noise in [nil, Noise.white, .pink] {
            let name = noise.map { "flite, \($0.rawValue) noise at 20 dB" } ?? "flite, clean"
            let files = try files(spoken, noise?.rawValue ?? "clean", in: noise)
            let ours = try errors(of: mynah(files), spoken)
            let theirs = try errors(of: engine(files), spoken)
            let rate = Double(ours.reduce(0, +)) / Double(count) * 100
            let other = Double(theirs.reduce(0, +)) / Double(count) * 100
            let interval = bootstrap(ours, theirs, words: spoken.map { words($0.text).count })
            report.line("\(name), \(count) words: word error rate", rate, unit: "%", atMost: noise == nil ? nil : 20)
            report.note("the engine's own program: \(number(other)) %")
            // Clean: not worse, so that the interval reaches down to 0. In noise: better, so that all of it is below.
            report.line(
                "\(name): ours − theirs, \(noise == nil ? "lower" : "upper") end of the 95 % interval",
                noise == nil ? interval.lower : interval.upper, unit: "percentage points", atMost: 0)
            report.note(
                "95 % interval of the difference (paired bootstrap): \(number(interval.lower)) to \(number(interval.upper))")
        }
    }

    private func files(_ utterances: [Speech.Utterance], _ name: String, in noise: Noise? = nil) throws -> [String] {
        let folder = speech.root.appendingPathComponent(".build/bench-speech/words-\(name)")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try utterances.enumerated().map { index, utterance in
            let file = folder.appendingPathComponent(String(format: "%04d.wav", index))
            // A moment of the room before and after, as every recording has.
            var random = Random(seed: UInt64(index))
            let room = Noise.white.samples(4_800, rms: 3, using: &random)
            var samples = room + utterance.samples + room
            if let noise { samples = noise.added(to: samples, decibels: 20, below: utterance.samples, seed: index) }
            try writeWAV(samples, to: file)
            return file.path
        }
    }

    private func mynah(_ files: [String]) throws -> [String] {
        let folder = speech.root.appendingPathComponent(".build/bench-speech/out")
        try? FileManager.default.removeItem(at: folder)
        _ = try onTwoCores(files) { try runProgram(mynahProgram, ["transcribe", "--format", "text", "-o", folder.path] + $0) }
        return try files.map { file in
            let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
            return try String(contentsOf: folder.appendingPathComponent("\(name).txt"), encoding: .utf8)
        }
    }

    /// Runs a program on each half of the files at the same time.
    private func onTwoCores(_ files: [String], _ run: @escaping @Sendable ([String]) throws -> Data) throws -> [Data] {
        let halves = [Array(files.prefix(files.count / 2)), Array(files.dropFirst(files.count / 2))].filter { !$0.isEmpty }
        let results = Mutex([Result<Data, any Error>?](repeating: nil, count: halves.count))
        DispatchQueue.concurrentPerform(iterations: halves.count) { index in
            let result = Result { try run(halves[index]) }
            results.withLock { $0[index] = result }
        }
        return try results.withLock { try $0.map { try $0!.get() } }
    }

    /// One line of JSON for each file.
    private func engine(_ files: [String]) throws -> [String] {
        let program = speech.root.appendingPathComponent(".native/bin/pocketsphinx").path
        let outputs = try onTwoCores(files) { try runProgram(program, ["single"] + $0) }
        return outputs.flatMap { String(decoding: $0, as: UTF8.self).split(separator: "\n") }.map { line in
            let json = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return json?["t"] as? String ?? ""
        }
    }

    private func errors(of hypotheses: [String], _ utterances: [Speech.Utterance]) -> [Int] {
        precondition(hypotheses.count == utterances.count, "a hypothesis for each file")
        return zip(hypotheses, utterances).map { editDistance(words($0), words($1.text)) }
    }
}

/// Insertions, deletions and substitutions (Levenshtein).
func editDistance(_ a: [String], _ b: [String]) -> Int {
    var row = Array(0...b.count)
    for (i, word) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (word == other ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}

/// The 95 % interval of the difference of two error rates in percentage points, resampling utterances (Bisani and Ney,
/// "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004).
func bootstrap(_ ours: [Int], _ theirs: [Int], words: [Int]) -> (lower: Double, upper: Double) {
    var random = Random(seed: 11)
    let differences = (0..<2000).map { _ in
        var difference = 0
        var count = 0
        for _ in ours.indices {
            let index = Int.random(in: ours.indices, using: &random)
            difference += ours[index] - theirs[index]
            count += words[index]
        }
        return Double(difference) / Double(count) * 100
    }.sorted()
    return (differences[50], differences[1949])
}
