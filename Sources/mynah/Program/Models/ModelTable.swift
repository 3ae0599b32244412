import Foundation
import ModelLibrary
import WireProtocol

/// How models are shown.
enum ModelTable {
    /// All of them, a line each.
    static func table(_ manifest: Manifest, directory: String) -> String {
        guard !manifest.models.isEmpty else {
            return "No model was added to \(directory).\n`mynah models add` adds one; docs/models.md says which.\n"
        }
        let rows = manifest.models.sorted { $0.key < $1.key }.map { name, model in
            let served = manifest.languagesServed(by: name)
            return [
                name + (served.isEmpty ? "" : " *"), model.description.family.rawValue, languages(model.description),
                served.joined(separator: ","), megabytes(model.description.bytes), "\(model.trial.realTimeStreams)",
            ]
        }
        return aligned([["NAME", "KIND", "MADE FOR", "SERVES", "SIZE", "AT ONCE"]] + rows).map { $0 + "\n" }.joined()
    }

    /// What a folder holds, in a sentence.
    static func summary(_ model: ModelDescription) -> String {
        let how = model.family.isStreaming ? "writes while it listens" : "reads whole utterances"
        let step = model.stepMS.map { ", in steps of \($0) ms" } ?? ""
        return "A \(model.family.rawValue) model for \(model.family.task.rawValue), \(megabytes(model.bytes)), made for "
            + "\(languages(model)); it \(how)\(step)"
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
            At once     \(model.trial.realTimeStreams) people in real time
            Rate        \(model.description.sampleRate) Hz
            Files

            """ + files
    }

    static func json(_ manifest: Manifest) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Strings, numbers, arrays and dictionaries only: it can always be encoded.
        guard let data = try? encoder.encode(manifest) else { preconditionFailure("a manifest is plain data") }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func languages(_ model: ModelDescription) -> String {
        model.languages.isEmpty ? "any language" : model.languages.joined(separator: ",")
    }

    static func megabytes(_ bytes: Int) -> String {
        let megabytes = Double(bytes) / 1_000_000
        return megabytes < 10 ? "\((megabytes * 10).rounded() / 10) MB" : "\(Int(megabytes.rounded())) MB"
    }
}

extension Manifest {
    /// The languages whose speech this model hears.
    func languagesServed(by name: String) -> [String] {
        defaults.values.flatMap { $0.filter { $0.value == name }.keys }.sorted()
    }
}
