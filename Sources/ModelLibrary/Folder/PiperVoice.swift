import Foundation
public import SpeechModel

/// A voice as the Piper project publishes it: a network that says nothing of itself, and beside it a description in JSON.
///
/// sherpa-onnx wants the description within the network's file, and the phonemes' numbers as a list of tokens.
public struct PiperVoice {
    private let network: String
    private let description: Description

    /// The part of https://github.com/rhasspy/piper's `….onnx.json` that is needed.
    private struct Description: Decodable {
        struct Audio: Decodable { var sampleRate: Int }
        struct Espeak: Decodable { var voice: String }
        struct Language: Decodable { var family: String? }
        var audio: Audio
        var espeak: Espeak?
        var language: Language?
        var numSpeakers: Int?
        var phonemeType: String?
        var phonemeIdMap: [String: [Int]]
    }

    /// Looks for one in a folder; nil where there is none.
    ///
    /// - Throws: ``ErrorCode/brokenModel``, when there are several, its description cannot be read, or it does not read phonemes of
    ///   espeak-ng.
    public init?(_ folder: ModelFolder) throws(SpeechError) {
        let names =
            folder.onlyFile.map { [$0] } ?? ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        let described = names.filter { $0.hasSuffix(".onnx") }.map { folder.path + "/" + $0 }.filter(Self.isDescribed)
        guard let network = described.first, try ONNXFile(network).metadata["n_speakers"] == nil else { return nil }
        guard described.count == 1 else {
            let all = described.map { String($0.dropFirst(folder.path.utf8.count + 1)) }.joined(separator: ", ")
            throw SpeechError(
                .brokenModel, "\(folder.path) holds several voices: \(all).", advice: "Name the file of the one you want.")
        }
        self.network = network
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            description = try decoder.decode(
                Description.self, from: Data(contentsOf: URL(fileURLWithPath: network + ".json")))
        } catch {
            throw SpeechError(
                .brokenModel, "\(network).json does not describe a Piper voice.",
                advice: "Get it again from where it was published.",
                underlying: error)
        }
        guard description.phonemeType ?? "espeak" == "espeak", description.espeak != nil else {
            throw SpeechError(
                .brokenModel,
                "\(network) reads phonemes of the kind `\(description.phonemeType ?? "")`, which nothing here gives.",
                advice: "Take a voice whose description says `\"phoneme_type\": \"espeak\"`.")
        }
    }

    /// Other models may have some JSON beside them, too.
    private static func isDescribed(_ network: String) -> Bool {
        guard let json = FileManager.default.contents(atPath: network + ".json") else { return false }
        return json.range(of: Data("\"phoneme_id_map\"".utf8)) != nil
    }

    /// What the voice is called.
    public var name: String { String(network.split(separator: "/").last?.dropLast(".onnx".count) ?? "") }

    /// Writes it as sherpa-onnx wants it into a folder that is there.
    ///
    /// - Throws: ``ErrorCode/unwritableFile``.
    public func write(to folder: String) throws(SpeechError) {
        let tokens = description.phonemeIdMap.compactMap { symbol, numbers -> (String, Int)? in
            // The library ends the process over a token of several characters; a space is written as its number alone.
            guard symbol.unicodeScalars.count == 1, symbol == " " || symbol.allSatisfy({ !$0.isWhitespace }) else { return nil }
            return numbers.first.map { (symbol, $0) }
        }
        let lines = tokens.sorted { $0.1 < $1.1 }.map { $0 == " " ? "\($1)\n" : "\($0) \($1)\n" }
        let metadata = ONNXFile.metadataFields([
            "model_type": "vits", "comment": "piper", "language": description.language?.family ?? "",
            "voice": description.espeak?.voice ?? "", "has_espeak": "1", "n_speakers": "\(description.numSpeakers ?? 1)",
            "sample_rate": "\(description.audio.sampleRate)",
        ])
        let target = folder + "/model.onnx"
        do {
            try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: folder + "/tokens.txt"))
            // What a link leads to is not ours to change.
            let source = URL(fileURLWithPath: network).resolvingSymlinksInPath().path
            try FileManager.default.copyItem(atPath: source, toPath: target)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: target)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: target))
            try file.seekToEnd()
            try file.write(contentsOf: metadata)
            try file.close()
        } catch {
            throw SpeechError(
                .unwritableFile, "\(target) cannot be written.", advice: "See that there is room on the disk.", underlying: error)
        }
    }
}
