import Foundation
import PocketSphinxEngine
import SpeechModel

/// End of a word → the first hypothesis, stable or not, that holds it and from which on it stays until the final.
///
/// Where a word ends is what the final says. A word that no partial held in time came with its final: then the endpoint wait, which is
/// silence that nobody can leave out, is taken off.
struct FirstHypotheses {
    let speech: Speech
    let seconds: Int

    func run(_ report: inout Report) async throws {
        report.title("End of a word → the first hypothesis that holds it and survives into the final")
        for streams in [1, 4] {
            let server = try await ServerProcess()
            defer { server.stop() }
            let load = try Load(count: streams, port: server.port, keepsPartials: true)
            let tracks = try (0..<streams).map { try speech.conversation(seconds: seconds * 2, seed: $0 + 60) }
            load.run(audio: { tracks[$0] }, ramp: Double(streams))
            var delays: [Double] = []
            var late = 0
            for final in load.finals {
                let began = load.beganAt[final.stream]
                let partials = load.partials.filter { $0.stream == final.stream && abs($0.startMS - final.startMS) < 50 }
                for (word, shown) in zip(final.words, firstShown(final.words.map(\.text), in: partials)) {
                    let end = began + word.endMS / 1000
                    if let shown {
                        delays.append((shown.at - end) * 1000)
                    } else {
                        late += 1
                        delays.append((final.at - end) * 1000 - final.endpointWaitMS)
                    }
                }
            }
            let label = "\(streams) stream\(streams == 1 ? "" : "s")"
            report.line("\(label): from the end of a word", Quantiles(delays), unit: "ms", p95Limit: 150)
            report.note(
                "words that only their final held: \(late) of \(delays.count); partials \(load.partials.count), finals \(load.finals.count), "
                    + "errors \(load.errors.count)")
            load.close()
        }
        report.line("the engine alone, as if it took no time", Quantiles(try engineAlone()), unit: "ms")
    }

    /// How much audio after a word's end the bare engine needs before its reading holds the word for good, in ms.
    private func engineAlone() throws -> [Double] {
        let decoder = try PocketSphinxDecoder(models: speech.englishModel, mode: .live)
        var delays: [Double] = []
        var adaptation = ""
        for utterance in speech.real.flatMap(\.utterances) {
            try decoder.start(adaptation: adaptation, suppressesNoise: false, keyPhrases: nil)
            var readings: [Load.Partial] = []
            try utterance.samples.withUnsafeBufferPointer { samples in
                for at in stride(from: 0, to: samples.count, by: 512) {
                    let end = min(at + 512, samples.count)
                    try decoder.accept(UnsafeBufferPointer(rebasing: samples[at..<end]))
                    readings.append(
                        Load.Partial(
                            stream: 0, at: Double(end) / Double(SampleTime.rate), startMS: 0,
                            words: decoder.partial().words.map(\.text)))
                }
            }
            let final = try decoder.finish()
            adaptation = final.adaptation ?? ""
            let words = final.hypothesis.words
            for (word, shown) in zip(words, firstShown(words.map(\.text), in: readings)) {
                delays.append(
                    (shown?.at ?? Double(utterance.samples.count) / Double(SampleTime.rate)) * 1000 - Double(word.endMS))
            }
        }
        return delays
    }

    /// For each word of a final the partial from which on all hold it; nil where the last one does not.
    private func firstShown(_ words: [String], in partials: [Load.Partial]) -> [Load.Partial?] {
        var first = [Load.Partial?](repeating: nil, count: words.count)
        for partial in partials {
            let held = heldWords(of: words, by: partial.words)
            for index in words.indices { first[index] = held.contains(index) ? first[index] ?? partial : nil }
        }
        return first
    }

    /// Which words of the final are in the longest common subsequence with a partial; of several the one that comes first.
    private func heldWords(of final: [String], by partial: [String]) -> Set<Int> {
        // lengths[i][j]: of what follows the first i and j words.
        var lengths = [[Int]](repeating: [Int](repeating: 0, count: partial.count + 1), count: final.count + 1)
        for i in final.indices.reversed() {
            for j in partial.indices.reversed() {
                lengths[i][j] = final[i] == partial[j] ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
            }
        }
        var held: Set<Int> = []
        var (i, j) = (0, 0)
        while i < final.count, j < partial.count {
            if final[i] == partial[j] {
                held.insert(i)
                (i, j) = (i + 1, j + 1)
            } else if lengths[i][j + 1] >= lengths[i + 1][j] {
                j += 1
            } else {
                i += 1
            }
        }
        return held
    }
}
