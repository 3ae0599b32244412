import Foundation
import SpeechModel

/// What files of voices that are no networks have to be: the native library ends the process over others, or crashes.
///
/// By what sherpa-onnx 2.0.1 was seen to do with damaged ones.
struct VoiceParts {
    /// What is known of a voice from such files.
    struct Facts {
        var sampleRate: Int
        var speakers: Int
    }

    /// The languages that families speak which say nothing of them, ISO 639-1.
    static let languages: [ModelFamily: [String]] = [
        .pocket: ["en"],
        .zipvoice: ["zh", "en"],
        .supertonic: [
            "en", "ko", "ja", "ar", "bg", "cs", "da", "de", "el", "es", "et", "fi", "fr", "hi", "hr", "hu", "id", "it", "lt",
            "lv",
            "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "tr", "uk", "vi",
        ],
    ]

    private let family: ModelFamily
    private let files: [ModelDescription.Role: String]
    private let recordings: [String]?

    /// - Parameters:
    ///   - files: the paths of its parts.
    ///   - recordings: of the people that it can be, where it copies voices.
    init(_ family: ModelFamily, _ files: [ModelDescription.Role: String], recordings: [String]?) {
        self.family = family
        self.files = files
        self.recordings = recordings
    }

    /// What is known of the voice; nil for families that say it themselves.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` with what is wrong.
    func check() throws(SpeechError) -> Facts? {
        if let recordings, recordings.isEmpty {
            let words = family == .zipvoice ? ", and the words that are said in it as voices/NAME.txt" : ""
            throw SpeechError(
                .brokenModel, "A \(family.rawValue) voice speaks as in a recording, and its folder has none.",
                advice: "Put one of some seconds into it as voices/NAME.wav (16-bit, mono)\(words).")
        }
        switch family {
        case .zipvoice: return Facts(sampleRate: try vocoderRate(), speakers: recordings?.count ?? 0)
        case .pocket:
            try checkVocabulary()
            return Facts(sampleRate: 24_000, speakers: recordings?.count ?? 0)
        case .supertonic: return Facts(sampleRate: try figures(), speakers: try styles())
        default: return nil
        }
    }

    /// The vocoder must be one for the rate that the decoder says, 24 kHz where it says nothing.
    private func vocoderRate() throws(SpeechError) -> Int {
        let vocoder = try ONNXFile(files[.vocoder] ?? "").metadata
        let rate = try ONNXFile(files[.decoder] ?? "").metadata["sample_rate"].flatMap { Int($0) } ?? 24_000
        guard vocoder["model_type"] == "vocos", vocoder["sample_rate"].flatMap({ Int($0) }) == rate else {
            throw fault(.vocoder, "is no vocos vocoder for \(rate) Hz")
        }
        return rate
    }

    /// Pieces are numbered without a gap, and every byte is one, for what is no other.
    private func checkVocabulary() throws(SpeechError) {
        guard let pieces = try? JSONDecoder().decode([String: Int].self, from: data(.vocabulary)),
            (try? JSONDecoder().decode([String: Double].self, from: data(.scores))) != nil
        else { throw fault(.vocabulary, "or token_scores.json is no table of pieces and numbers") }
        guard Set(pieces.values) == Set(0..<pieces.count) else { throw fault(.vocabulary, "has gaps in its numbers") }
        let bytes = (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
        }
        if let missing = bytes.first(where: { pieces[$0] == nil }) { throw fault(.vocabulary, "lacks the byte \(missing)") }
    }

    private struct Figures: Decodable {
        struct Sound: Decodable { var sampleRate, baseChunkSize: Int }
        struct Text: Decodable { var chunkCompressFactor, latentDim: Int }
        var ae: Sound
        var ttl: Text
    }

    private func figures() throws(SpeechError) -> Int {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let figures = try? decoder.decode(Figures.self, from: data(.figures)),
            (8000...192_000).contains(figures.ae.sampleRate),
            [figures.ae.baseChunkSize, figures.ttl.chunkCompressFactor, figures.ttl.latentDim].allSatisfy({ 1...1_000_000 ~= $0 })
        else { throw fault(.figures, "does not tell its rate, and how its parts fit together") }
        let indices = try data(.characters).count
        guard indices > 0, indices.isMultiple(of: 4) else { throw fault(.characters, "is no table of numbers") }
        return figures.ae.sampleRate
    }

    /// Styles for text and for durations: three dimensions each in 64 bits, the number of voices first, then the values in 32 bits.
    private func styles() throws(SpeechError) -> Int {
        let bytes = try data(.voices)
        let dimensions =
            bytes.count < 48
            ? []
            : bytes.withUnsafeBytes { bytes in
                (0..<6).map { Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))) }
            }
        guard dimensions.count == 6, dimensions.allSatisfy({ 1...1_000_000 ~= $0 }), dimensions[0] == dimensions[3],
            bytes.count == 48 + 4 * (dimensions[..<3].reduce(1, &*) &+ dimensions[3...].reduce(1, &*)), bytes.count <= 64 << 20
        else { throw fault(.voices, "is not as long as it says") }
        return dimensions[0]
    }

    private func data(_ role: ModelDescription.Role) throws(SpeechError) -> Data {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: files[role] ?? "")) else {
            throw fault(role, "cannot be read")
        }
        return data
    }

    private func fault(_ role: ModelDescription.Role, _ what: String) -> SpeechError {
        SpeechError(
            .brokenModel, "\(files[role] ?? role.rawValue) \(what).", advice: "Get all files of the voice from the same place.")
    }
}
