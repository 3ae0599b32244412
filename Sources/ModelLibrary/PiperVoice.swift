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
    /// - Throws: ``ErrorCode/brokenModel``, when its description cannot be read, or it does not read phonemes of espeak-ng.
    public init?(_ folder: ModelFolder) throws(SpeechError) {
        let names =
            folder.onlyFile.map { [$0] } ?? ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
        let described = names.lazy.filter { $0.hasSuffix(".onnx") }.map { folder.path + "/" + $0 }
            .first { FileManager.default.fileExists(atPath: $0 + ".json") }
        guard let network = described, try ONNXFile(network).metadata["n_speakers"] == nil else { return nil }
        self.network = network
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            description = try decoder.decode(Description.self, from: Data(contentsOf: URL(fileURLWithPath: network + ".json")))
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

    /// What the voice is called.
    public var name: String { String(network.split(separator: "/").last?.dropLast(".onnx".count) ?? "") }

    /// Writes it as sherpa-onnx wants it into a folder that is there.
    public func write(to folder: String) throws {
        let tokens = description.phonemeIdMap.compactMap { symbol, numbers -> (String, Int)? in
            // The library ends the process over a token of several characters; a space is written as its number alone.
            guard symbol.unicodeScalars.count == 1, symbol == " " || symbol.allSatisfy({ !$0.isWhitespace }) else { return nil }
            return numbers.first.map { (symbol, $0) }
        }
        let lines = tokens.sorted { $0.1 < $1.1 }.map { $0 == " " ? "\($1)\n" : "\($0) \($1)\n" }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: folder + "/tokens.txt"))
        let target = folder + "/model.onnx"
        try FileManager.default.copyItem(atPath: network, toPath: target)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: target))
        try file.seekToEnd()
        try file.write(
            contentsOf: ONNXFile.metadataFields([
                "model_type": "vits", "comment": "piper", "language": description.language?.family ?? "",
                "voice": description.espeak?.voice ?? "", "has_espeak": "1", "n_speakers": "\(description.numSpeakers ?? 1)",
                "sample_rate": "\(description.audio.sampleRate)",
            ]))
        try file.close()
    }
}
