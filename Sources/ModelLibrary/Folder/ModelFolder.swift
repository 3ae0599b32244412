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
    ///
    /// It tells languages, too, so a folder that was added remembers what it was called before.
    public var name: String {
        guard let onlyFile else {
            if let published = try? String(contentsOfFile: path + "/" + Self.nameFile, encoding: .utf8) { return published }
            return path.split(separator: "/").last.map(String.init) ?? path
        }
        return onlyFile.hasSuffix(".onnx") ? String(onlyFile.dropLast(5)) : onlyFile
    }

    /// Keeps the name that a folder was published under.
    static let nameFile = ".published-name"

    /// Finds out what it holds, from its files' names and what they say of themselves.
    ///
    /// - Parameter precision: which files are taken, where there are several for the same network.
    /// - Throws: ``ErrorCode/brokenModel`` with what was found, and what is missing of it.
    public func inspect(_ precision: NetworkPrecision = .int8) throws(SpeechError) -> ModelDescription {
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
            if let other = files[role], !precision.prefers(name, to: other) { continue }
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
        files[.keywords] =
            names.first { $0 == "keywords.txt" } ?? names.first { $0.hasPrefix("keywords") && $0.hasSuffix(".txt") }
        files[.voices] = names.first { $0 == "voices.bin" || $0 == "voice.bin" }
        for role in [.vocabulary, .scores, .figures, .characters, .pieces] as [ModelDescription.Role] {
            files[role] = names.first { $0 == role.rawValue }
        }
        return try describe(files, names)
    }

    private func describe(
        _ files: [ModelDescription.Role: String], _ names: [String]
    ) throws(SpeechError) -> ModelDescription {
        let (family, metadata) = try identify(files, names)
        let used = files.filter { family.roles.contains($0.key) }
        let tokens = try used[.tokens].map { name throws(SpeechError) in try TokenList(path + "/" + name) }
        try tokens?.check(for: family, vocabulary: metadata["vocab_size"].flatMap { Int($0) })
        if let pieces = used[.pieces] { _ = try PieceList(path + "/" + pieces) }
        let beside = Companions(of: family, used, in: path, names)
        let parts = try VoiceParts(family, used.mapValues { path + "/" + $0 }, recordings: beside.recordings).check()
        let voice = VoiceRules(family, metadata)
        if let reason = voice.fault(lexicons: beside.lexicons, voicesBytes: used[.voices].map { Self.size(path + "/" + $0) }) {
            throw fault("holds a \(family.rawValue) voice that cannot speak: \(reason.what)", reason.advice)
        }
        if let reason = family.mismatch(metadata) {
            throw fault("holds a \(family.rawValue) model whose \(reason)", "docs/models.md lists what can be used.")
        }
        let languages = languages(of: family, metadata)
        let told = Self.tellableLanguages(family, metadata, languages, tokens)
        if family.mustBeTold, family.task == .recognition, told?.isEmpty ?? true {
            throw fault(
                "holds a \(family.rawValue) model that has no token for any of its languages",
                "Take the tokens.txt that was published with it, and keep the folder's name, which tells the languages.")
        }
        func figure(_ key: String) -> Int? { metadata[key].flatMap { Int($0) } }
        var description = ModelDescription(
            family: family, files: used, weights: beside.others, lexicons: beside.lexicons, rules: beside.rules,
            phonemes: beside.lexicons.isEmpty ? voice.phonemes : nil, recordings: beside.recordings,
            speakers: family.task == .synthesis ? parts?.speakers ?? figure("n_speakers") : nil,
            sampleRate: parts?.sampleRate ?? figure("sample_rate") ?? (family == .streamingToneCTC ? 8000 : 16_000),
            stepMS: family.isStreaming ? Self.stepMS(metadata) : nil,
            writesCapitalsOnly: family.task == .recognition && tokens?.hasCapitalsOnly == true, languages: languages,
            tellableLanguages: told, bytes: 0,
            followsSeveralReadings: Self.followsSeveralReadings(family, metadata))
        description.bytes = description.allFiles.reduce(0) { $0 + Self.size(path + "/" + $1) }
        return description
    }

    /// What it is, and what its main network says of itself.
    private func identify(
        _ files: [ModelDescription.Role: String], _ names: [String]
    ) throws(SpeechError) -> (ModelFamily, [String: String]) {
        var metadata: [String: String] = [:]
        for (role, name) in files where name.hasSuffix(".onnx") {
            let file = try ONNXFile(path + "/" + name)
            if role == .encoder || role == .model { metadata = file.metadata }
        }
        guard let family = Self.family(files, metadata) else {
            let type = metadata["model_type"].map { ", of type \($0)" } ?? ""
            let piper = metadata.isEmpty ? " A Piper voice needs its .onnx.json beside it." : ""
            throw fault(
                "holds a model of a kind that is not known\(type)",
                "docs/models.md lists what can be used; the folder holds \(Self.list(names)).\(piper)")
        }
        for role in family.roles where files[role] == nil {
            throw fault("holds a \(family.rawValue) model without its \(role.rawValue)", "The folder holds \(Self.list(names)).")
        }
        for key in family.requiredMetadata(metadata) where (metadata[key] ?? "").isEmpty {
            throw fault(
                "holds a \(family.rawValue) model that lacks `\(key)` in its metadata",
                "Get it as it was published for sherpa-onnx, or export it anew with the key.")
        }
        return (family, metadata)
    }

    /// Those of NeMo end the native library's process over it.
    private static func followsSeveralReadings(_ family: ModelFamily, _ metadata: [String: String]) -> Bool? {
        switch family {
        case .transducer: true
        case .streamingTransducer: metadata["window_size"] == nil && metadata["streaming_model_type"] == nil
        default: nil
        }
    }

    /// Every exporter has its own name for the same thing: by how many frames of 10 ms one step goes on.
    private static func stepMS(_ metadata: [String: String]) -> Int? {
        ["decode_chunk_len", "chunk_shift"].lazy.compactMap { metadata[$0].flatMap { Int($0) } }.first.map { $0 * 10 }
            ?? metadata["frame_length_ms"].flatMap { Int($0) }
    }

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
