import Foundation

/// What belongs to a model beside its networks.
struct Companions {
    /// Of a voice: how words are pronounced.
    var lexicons: [String] = []
    /// Of a voice: how numbers, dates and the like are read.
    var rules: [String] = []
    /// Of a voice that copies voices: whose; nil of others.
    var recordings: [String]?
    /// Weights, scores, tokenizers, recordings and their words.
    var others: [String]

    /// - Parameters:
    ///   - used: the model's own files.
    ///   - names: all that is in the folder.
    init(of family: ModelFamily, _ used: [ModelDescription.Role: String], in folder: String, _ names: [String]) {
        // Large networks keep their weights beside them, in files that begin with the same name.
        others = names.filter { name in
            (name.hasSuffix(".weights") || name.hasSuffix(".data"))
                && used.values.contains { name.hasPrefix(String($0.prefix { $0 != "." })) }
        }
        if family.task == .keywordSpotting {
            others += [PhraseSpelling.scoresFile, PhraseSpelling.lexiconFile].filter(names.contains)
        }
        if let tokenizer = used[.tokenizer] {
            others += Self.contents("\(folder)/\(tokenizer)").filter { $0.hasSuffix(".json") || $0.hasSuffix(".txt") }
                .map { "\(tokenizer)/\($0)" }
        }
        guard family.task == .synthesis else { return }
        lexicons = names.filter { $0.hasPrefix("lexicon") && $0.hasSuffix(".txt") }
        rules = names.filter { $0.hasSuffix(".fst") }
        guard family.copiesVoices else { return }
        let found = Self.recordings(in: folder, withWords: family == .zipvoice)
        recordings = found
        others += found + (family == .zipvoice ? found.map { $0.dropLast(".wav".count) + ".txt" } : [])
    }

    /// Those in `voices`, or else those that the publisher tried it with.
    private static func recordings(in folder: String, withWords: Bool) -> [String] {
        for place in ["voices", "test_wavs"] {
            let names = contents("\(folder)/\(place)")
            let found = names.filter { name in
                !name.hasPrefix(".") && name.hasSuffix(".wav")
                    && (!withWords || names.contains(name.dropLast(".wav".count) + ".txt"))
            }
            if !found.isEmpty { return found.map { "\(place)/\($0)" } }
        }
        return []
    }

    private static func contents(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}
