/// What a voice needs beside its network, by its family and what its file says of itself.
///
/// sherpa-onnx has no phonemizer since 2.0: a voice that was trained on phonemes needs a lexicon, or is given phonemes, or it says nothing
/// at all. Files of a wrong size make it end the process.
struct VoiceRules {
    private let family: ModelFamily
    private let metadata: [String: String]

    init(_ family: ModelFamily, _ metadata: [String: String]) {
        self.family = family
        self.metadata = metadata
    }

    /// Whose phonemes it reads where it has no lexicon, as espeak-ng names them; nil where its file does not say.
    var phonemes: String? { readsPhonemes && family != .zipvoice ? metadata["voice"].flatMap { $0.isEmpty ? nil : $0 } : nil }

    private var readsPhonemes: Bool {
        switch family {
        case .vits: metadata["frontend"] != "characters"
        case .kokoro, .kitten, .matcha, .zipvoice: true
        default: false
        }
    }

    /// Why it could not speak; nil when all is well.
    func fault(lexicons: [String], voicesBytes: Int?) -> (what: String, advice: String)? {
        if readsPhonemes, lexicons.isEmpty, phonemes == nil {
            return (
                "it reads phonemes, does not say of which accent (`voice` in its metadata), and there is no lexicon",
                "Put a file lexicon.txt beside it: a word and its phonemes in each line. docs/models.md says where one is published."
            )
        }
        guard let voicesBytes, family != .supertonic else { return nil }
        let sizes = (metadata["style_dim"] ?? "").split(separator: ",").map { Int($0.filter { !$0.isWhitespace }) ?? 0 }
        let count = family == .kokoro ? 3 : 2
        guard sizes.count == count else {
            return ("its `style_dim` has not \(count) numbers", "Get it as it was published for sherpa-onnx.")
        }
        let expected = sizes.reduce(4 * (metadata["n_speakers"].flatMap { Int($0) } ?? 0), *)
        guard voicesBytes == expected else {
            return ("voices.bin has \(voicesBytes) bytes, and it wants \(expected)", "Get both files from the same place.")
        }
        return nil
    }
}

extension ModelFamily {
    /// A value in the metadata that the native library would end the process over, or worse; nil when there is none.
    func mismatch(_ metadata: [String: String]) -> String? {
        switch self {
        case .speakerEmbedding:
            let framework = metadata["framework"] ?? ""
            guard ["wespeaker", "3d-speaker", "nemo"].contains(framework) else { return "framework is `\(framework)`" }
            let normalization = metadata["feature_normalize_type"] ?? ""
            return ["", "global-mean"].contains(normalization) || framework == "nemo"
                ? nil : "feature_normalize_type is `\(normalization)`"
        case .pyannoteSegmentation:
            let most = metadata["powerset_max_classes"] ?? ""
            return most == "2" ? nil : "powerset_max_classes is \(most), and only 2 is known"
        case .vits:
            guard metadata["comment"]?.contains("melo") == true else { return nil }
            return (metadata["version"].flatMap { Int($0) } ?? 0) >= 2 ? nil : "version is older than 2"
        default: return nil
        }
    }
}

extension ModelTask {
    /// Whether models for it are made for certain languages.
    var isOfALanguage: Bool {
        switch self {
        case .recognition, .synthesis, .punctuation: true
        case .speakerEmbedding, .speakerSegmentation, .enhancement, .keywordSpotting: false
        }
    }
}
