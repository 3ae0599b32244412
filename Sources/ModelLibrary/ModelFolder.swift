import Foundation
public import SpeechModel

/// A folder that may hold a model, or a single file that may be one.
public struct ModelFolder: Sendable {
    /// Where the files are.
    public let path: String
    /// Of them all the one that counts; nil in a folder of its own.
    let onlyFile: String?

    /// Names a folder, or an `.onnx` file.
    public init(_ path: String) {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        var isFolder: ObjCBool = false
        let isFile = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
        self.path = isFile ? url.deletingLastPathComponent().path : url.path
        onlyFile = isFile ? url.lastPathComponent : nil
    }

    /// What a model of it is called, unless somebody gives it another name.
    public var name: String {
        guard let onlyFile else { return path.split(separator: "/").last.map(String.init) ?? path }
        return onlyFile.hasSuffix(".onnx") ? String(onlyFile.dropLast(5)) : onlyFile
    }

    /// Finds out what it holds, from its files' names and what they say of themselves.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` with what was found, and what is missing of it.
    public func inspect() throws(SpeechError) -> ModelDescription {
        let names = try fileNames()
        let networks = names.filter { Self.isNetwork($0) }
        guard !networks.isEmpty else {
            if let onlyFile {
                throw SpeechError(
                    .brokenModel, "\(path)/\(onlyFile) is not an .onnx file.",
                    advice: "Name the folder that holds the model's files, or a model that is one .onnx file.")
            }
            throw fault("holds no .onnx file", "Name the folder that holds them; it holds \(Self.list(names)).")
        }
        var files: [ModelDescription.Role: String] = [:]
        for name in networks {
            let role = Self.role(of: name)
            // Of the same network in several precisions the one for processors.
            if let other = files[role], Self.precision(other) <= Self.precision(name) { continue }
            files[role] = name
        }
        // A model of voices may be called so, too.
        if files[.llm] == nil, let embedding = files.removeValue(forKey: .embedding) {
            files[.model] = files[.model] ?? embedding
        }
        // The rest of a model in parts is something else: a test, or the same network in one piece.
        if files[.encoder] != nil || files[.cachedDecoder] != nil { files[.model] = nil }
        files[.tokens] = names.first { $0 == "tokens.txt" } ?? names.first { $0.hasSuffix("-tokens.txt") }
        files[.tokenizer] = names.first { FileManager.default.fileExists(atPath: "\(path)/\($0)/vocab.json") }
        files[.keywords] = names.first { $0 == "keywords.txt" }
        files[.voices] = names.first { $0 == "voices.bin" }
        return try describe(files, names)
    }

    private func describe(
        _ files: [ModelDescription.Role: String], _ names: [String]
    ) throws(SpeechError) -> ModelDescription {
        var metadata: [String: String] = [:]
        for (role, name) in files where name.hasSuffix(".onnx") {
            let file = try ONNXFile(path + "/" + name)
            if role == .encoder || role == .model { metadata = file.metadata }
        }
        guard let family = Self.family(files, metadata, named: name) else {
            let type = metadata["model_type"].map { ", of type \($0)" } ?? ""
            throw fault(
                "holds a model of a kind that is not known\(type)",
                "docs/models.md lists what can be used; the folder holds \(Self.list(names)).")
        }
        for role in family.roles where files[role] == nil {
            throw fault("holds a \(family.rawValue) model without its \(role.rawValue)", "The folder holds \(Self.list(names)).")
        }
        for key in family.requiredMetadata(metadata) where (metadata[key] ?? "").isEmpty {
            throw fault(
                "holds a \(family.rawValue) model that lacks `\(key)` in its metadata",
                "Get it as it was published for sherpa-onnx, or export it anew with the key.")
        }
        let used = files.filter { family.roles.contains($0.key) }
        let tokens = try used[.tokens].map { name throws(SpeechError) in try TokenList(path + "/" + name) }
        try tokens?.check(for: family, vocabulary: metadata["vocab_size"].flatMap { Int($0) })
        let lexicons = family.task == .synthesis ? names.filter { $0.hasPrefix("lexicon") && $0.hasSuffix(".txt") } : []
        let rules = family.task == .synthesis ? names.filter { $0.hasSuffix(".fst") } : []
        let voice = VoiceRules(family, metadata)
        if let reason = voice.fault(
            lexicons: lexicons, voicesBytes: used[.voices].map { Self.size(path + "/" + $0) })
        {
            throw fault("holds a \(family.rawValue) voice that cannot speak: \(reason.what)", reason.advice)
        }
        if let reason = family.mismatch(metadata) {
            throw fault("holds a \(family.rawValue) model whose \(reason)", "docs/models.md lists what can be used.")
        }
        // Large networks keep their weights beside them, in files that begin with the same name.
        let weights = names.filter { name in
            (name.hasSuffix(".weights") || name.hasSuffix(".data"))
                && used.values.contains { name.hasPrefix(String($0.prefix { $0 != "." })) }
        }
        // The scores that phrases are spelt by.
        let scores = family.task == .keywordSpotting && names.contains("bpe.model") ? ["bpe.model"] : []
        let others = weights + scores + (used[.tokenizer].map { Self.tokenizerFiles(in: path, $0) } ?? [])
        let languages = family.task.isOfALanguage ? Self.languages(metadata: metadata, folder: name) : []
        return ModelDescription(
            family: family, files: used, weights: others, lexicons: lexicons, rules: rules,
            phonemes: lexicons.isEmpty ? voice.phonemes : nil,
            speakers: family.task == .synthesis ? metadata["n_speakers"].flatMap { Int($0) } : nil,
            sampleRate: metadata["sample_rate"].flatMap { Int($0) } ?? (family == .streamingToneCTC ? 8000 : 16_000),
            stepMS: family.isStreaming ? Self.stepMS(metadata) : nil,
            writesCapitalsOnly: family.task == .recognition && tokens?.hasCapitalsOnly == true,
            languages: languages, tellableLanguages: Self.tellableLanguages(family, metadata, languages, tokens),
            bytes: (used.filter { $0.key != .tokenizer }.map(\.value) + others + lexicons + rules).reduce(0) {
                $0 + Self.size(path + "/" + $1)
            })
    }

    // MARK: which file is what

    static func isNetwork(_ name: String) -> Bool { name.hasSuffix(".onnx") || name.hasSuffix(".ort") }

    /// By the part of the name that all publishers have in common.
    static func role(of file: String) -> ModelDescription.Role {
        let name = file.lowercased()
        if name.contains("joiner") { return .joiner }
        if name.hasPrefix("conv_frontend") { return .frontend }
        if name.hasPrefix("llm") { return .llm }
        if name.hasPrefix("embedding") { return .embedding }
        if name.contains("vocos") || name.contains("hifigan") || name.contains("vocoder") { return .vocoder }
        if name.contains("uncached_decode") { return .uncachedDecoder }
        if name.contains("cached_decode") { return .cachedDecoder }
        if name.contains("decoder_model_merged") { return .mergedDecoder }
        if name.contains("preprocess") { return .preprocessor }
        if name.contains("encode") { return .encoder }
        if name.contains("decoder") { return .decoder }
        return .model
    }

    private static func tokenizerFiles(in path: String, _ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
            .filter { $0.hasSuffix(".json") || $0.hasSuffix(".txt") }.map { "\(folder)/\($0)" }
    }

    /// 8 bits are quickest on a processor, and hardly worse; the lowest is taken.
    private static func precision(_ file: String) -> Int {
        let name = file.lowercased()
        return name.contains("int8") || name.contains("quant") ? 0 : name.contains("fp16") ? 2 : 1
    }

    /// What it is, by its parts and by what they say of themselves; nil when nothing fits.
    ///
    /// A network that streams is exported with the length of its steps; the type alone is the same for both.
    /// Keyword spotters are small recognisers, published with the phrases that they were tried with.
    static func family(_ files: [ModelDescription.Role: String], _ metadata: [String: String], named name: String) -> ModelFamily?
    {
        func has(_ keys: String...) -> Bool { keys.allSatisfy { metadata[$0] != nil } }
        let type = metadata["model_type"] ?? ""
        let streams = has("T", "decode_chunk_len") || has("window_size", "chunk_shift") || has("streaming_model_type")
        if files[.joiner] != nil {
            if streams, files[.keywords] != nil { return .keywordTransducer }
            return streams ? .streamingTransducer : type.hasPrefix("EncDec") ? .nemoTransducer : .transducer
        }
        if files[.llm] != nil { return .funASRNano }
        if files[.frontend] != nil { return .qwen3 }
        if files[.mergedDecoder] != nil { return .moonshineMerged }
        if files[.cachedDecoder] != nil { return .moonshine }
        if files[.encoder] != nil {
            if type.hasPrefix("whisper") { return .whisper }
            if type == "EncDecMultiTaskModel" { return .canary }
            if has("lfr_window_size", "decoder_num_blocks") { return .streamingParaformer }
            // What its networks say of themselves is not published.
            if name.lowercased().contains("cohere-transcribe") { return .cohere }
            return has("cmvn_mean", "num_head") ? .fireRed : nil
        }
        if has("framework") { return .speakerEmbedding }
        if has("powerset_max_classes") { return .pyannoteSegmentation }
        if has("tokens", "punctuations") { return .ctTransformer }
        if has("style_dim") { return type == "kitten-tts" ? .kitten : .kokoro }
        if has("n_speakers") { return has("language", "comment") ? .vits : .matcha }
        switch type {
        case "gtcrn": return .gtcrn
        case "dpdfnet": return .dpdfnet
        case "telespeech_ctc": return .telespeechCTC
        case "wenet_ctc": return .wenetCTC
        case "zipformer2_ctc": return .zipformerCTC
        case "omnilingual-asr": return .omnilingualCTC
        case "medasr_ctc": return .medASRCTC
        case "fire-red-asr-2-ctc": return .fireRedCTC
        default: break
        }
        if has("T", "decode_chunk_len") { return .streamingZipformerCTC }
        if has("cache_last_channel_dim1") { return .streamingNeMoCTC }
        if has("state_dim", "frame_length_ms") { return .streamingToneCTC }
        if has("lfr_window_size") { return has("lang_zh") ? .senseVoice : .paraformer }
        if has("mean", "invstd") { return .dolphin }
        return type.hasPrefix("EncDec") ? .nemoCTC : nil
    }

    // MARK: what it says of itself

    /// Every exporter has its own name for the same thing: by how many frames of 10 ms one step goes on.
    private static func stepMS(_ metadata: [String: String]) -> Int? {
        ["decode_chunk_len", "chunk_shift"].lazy.compactMap { metadata[$0].flatMap { Int($0) } }.first.map { $0 * 10 }
            ?? metadata["frame_length_ms"].flatMap { Int($0) }
    }

    /// The languages that models are published for most often, as the publishers' folder names have them.
    private static let knownLanguages: Set<String> = [
        "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "it",
        "ja",
        "ka", "kk", "ko", "lt", "lv", "ne", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "sw", "ta", "te", "th", "tr",
        "uk",
        "vi", "yue", "zh",
    ]

    private static func languages(metadata: [String: String], folder: String) -> [String] {
        if let language = metadata["language"].map({ String($0.prefix(2)).lowercased() }), knownLanguages.contains(language) {
            return [language]
        }
        if metadata["is_multilingual"] == "0" { return ["en"] }
        let parts = folder.lowercased().split { "-_.".contains($0) }.map(String.init)
        var seen: Set<String> = []
        return parts.filter { knownLanguages.contains($0) && seen.insert($0).inserted }
    }

    private static func tellableLanguages(
        _ family: ModelFamily, _ metadata: [String: String], _ languages: [String], _ tokens: TokenList?
    ) -> [String]? {
        switch family {
        case .whisper where metadata["is_multilingual"] == "1":
            metadata["all_language_codes"].map { codes in codes.split(separator: ",").map { $0.filter { !$0.isWhitespace } } }
        case .streamingTransducer where metadata["prompt_index"] != nil: languages
        // They have tokens, too, of languages that they were not trained on.
        case .canary:
            (languages.isEmpty ? ["en", "de", "es", "fr"] : languages).filter { tokens?.languages.contains($0) == true }
        case .cohere:
            cohereLanguages.filter { tokens?.languages.contains($0) == true && (languages.isEmpty || languages.contains($0)) }
        default: nil
        }
    }

    /// Another one ends the native library's process, or nothing is written.
    private static let cohereLanguages = [
        "ar", "de", "el", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "vi", "zh",
    ]

    // MARK: the folder

    private func fileNames() throws(SpeechError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw SpeechError(
                .unreadableFile, "There is no folder \(path).", advice: "Name the folder that holds the model's files.")
        }
        if let onlyFile { return [onlyFile] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw fault("cannot be read", "Give yourself the right to read it.")
        }
    }

    private func fault(_ what: String, _ advice: String) -> SpeechError {
        SpeechError(.brokenModel, "\(path) \(what).", advice: advice)
    }

    private static func size(_ file: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(12).joined(separator: ", ")
        return names.isEmpty ? "nothing" : names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
    }
}
