import Foundation
import ModelLibrary
import WireProtocol

/// How models are shown.
enum ModelTable {
    private static let shownLanguages = 6

    /// All of them, a line each.
    static func table(_ manifest: Manifest, directory: String) -> String {
        guard !manifest.models.isEmpty else {
            return "No model was added to \(directory).\n`mynah models add` adds one; docs/models.md says which.\n"
        }
        let rows = manifest.models.sorted { $0.key < $1.key }.map { name, model in
            let served = manifest.languagesServed(by: name)
            return [
                name + (served.isEmpty ? "" : " *"), model.description.family.task.rawValue, model.description.family.rawValue,
                languages(model.description, atMost: shownLanguages), list(served, atMost: shownLanguages),
                megabytes(model.description.bytes),
                model.trial.timesRealTime > 0 ? "\(model.trial.timesRealTime)" : "-",
            ]
        }
        return aligned([["NAME", "TASK", "KIND", "MADE FOR", "SERVES", "SIZE", "× REAL TIME"]] + rows).map { $0 + "\n" }.joined()
    }

    /// What a folder holds, in a sentence.
    static func summary(_ model: ModelDescription) -> String {
        let kind = "A \(model.family.rawValue) model for \(model.family.task.rawValue), \(megabytes(model.bytes))"
        switch model.family.task {
        case .recognition:
            let how = model.family.isStreaming ? "writes while it listens" : "reads whole utterances"
            let step = model.stepMS.map { ", in steps of \($0) ms" } ?? ""
            return "\(kind), made for \(languages(model)); it \(how)\(step)"
        case .synthesis:
            let voices = model.speakers.map { $0 > 1 ? "\($0) voices" : "one voice" } ?? "one voice"
            return "\(kind), made for \(languages(model)); it has \(voices), \(model.sampleRate) Hz"
        case .punctuation: return "\(kind), made for \(languages(model))"
        case .speakerEmbedding, .speakerSegmentation, .enhancement, .keywordSpotting: return kind
        }
    }

    /// Everything that is known of one.
    static func details(_ model: Manifest.Model, folder: String) -> String {
        let files = model.description.allFiles.map { "  \($0)  sha256:\(model.checksums[$0] ?? "?")\n" }.joined()
        let added = Date(timeIntervalSince1970: Double(model.addedUnixMS) / 1000).formatted(.iso8601)
        return """
            \(summary(model.description)).
            Folder      \(folder)
            Added       \(added) from \(model.source)
            Loaded in   \(model.trial.loadMS) ms
            Speed       \(speed(model))
            Rate        \(model.description.sampleRate) Hz
            Files

            """ + files
    }

    /// What the trial showed, in words.
    static func speed(_ model: Manifest.Model) -> String {
        guard model.trial.timesRealTime > 0 else { return "not measured" }
        return switch model.description.family.task {
        case .recognition: "\(model.trial.timesRealTime) people at once in real time"
        case .synthesis: "speaks \(model.trial.timesRealTime) times as fast as it is heard"
        default: "\(model.trial.timesRealTime) times real time"
        }
    }

    static func json(_ manifest: Manifest) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Strings, numbers, arrays and dictionaries only: it can always be encoded.
        guard let data = try? encoder.encode(manifest) else { preconditionFailure("a manifest is plain data") }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// A column of a table holds the first few.
    private static func list(_ languages: [String], atMost count: Int) -> String {
        let more = languages.count - count
        return languages.prefix(count).joined(separator: ",") + (more > 0 ? " +\(more)" : "")
    }

    private static func languages(_ model: ModelDescription, atMost count: Int = .max) -> String {
        model.languages.isEmpty ? "any language" : list(model.languages, atMost: count)
    }

    static func megabytes(_ bytes: Int) -> String {
        let megabytes = Double(bytes) / 1_000_000
        return megabytes < 10 ? "\((megabytes * 10).rounded() / 10) MB" : "\(Int(megabytes.rounded())) MB"
    }
}

extension Manifest {
    /// The languages that this model serves.
    func languagesServed(by name: String) -> [String] {
        defaults.values.flatMap { $0.filter { $0.value == name }.keys }.sorted()
    }
}
