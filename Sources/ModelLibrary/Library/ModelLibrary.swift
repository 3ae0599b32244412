public import Foundation
public import SpeechModel

/// The models that were added: one folder each, and a manifest of all.
public struct ModelLibrary: Sendable {
    /// Where they are: the folder `added` of `models.directory`.
    public let directory: String

    private var manifestFile: String { directory + "/manifest.json" }

    /// Names the library of a models' directory; it need not exist.
    public init(modelsDirectory: String) { directory = modelsDirectory + "/added" }

    /// The folder of a model that was added under `name`.
    public func folder(of name: String) -> String { directory + "/" + name }

    /// Reads the manifest; without one there are no models.
    ///
    /// - Throws: ``ErrorCode/unreadableFile`` when it is not a manifest.
    public func manifest() throws(SpeechError) -> Manifest {
        guard FileManager.default.fileExists(atPath: manifestFile) else { return Manifest() }
        do {
            return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: manifestFile)))
        } catch {
            throw SpeechError(
                .unreadableFile, "\(manifestFile) is not a list of models.",
                advice: "Take it back from a backup, or remove it and add the models again.", underlying: error)
        }
    }

    /// When the manifest was last written; nil without one.
    public var modified: Date? {
        (try? FileManager.default.attributesOfItem(atPath: manifestFile))?[.modificationDate] as? Date
    }

    /// What is downloaded and unpacked on its way here.
    public var downloads: String { directory + "/.downloads" }

    /// Bytes that may still be written here; a reserve stays for everybody else.
    public func room() throws(SpeechError) -> Int {
        try makeDirectory(downloads)
        var status = statvfs()
        guard statvfs(downloads, &status) == 0 else { throw unwritable(downloads) }
        return max(0, Int(status.f_bavail) * Int(status.f_frsize) - Self.reserveBytes)
    }

    private static let reserveBytes = 256 << 20

    /// Looks whether a model can be added under a name.
    ///
    /// - Throws: ``ErrorCode/invalidParameter`` when the name is taken or cannot be one.
    public func checkVacant(_ name: String) throws(SpeechError) {
        try check(name)
        guard try manifest().models[name] == nil else {
            throw SpeechError(
                .invalidParameter, "There is a model named \(name) already.",
                advice: "Give this one another name with --name, or take that one away: `mynah models remove \(name)`.")
        }
    }

    /// Copies a model's files into the library.
    ///
    /// - Parameters:
    ///   - precision: which files are taken, where there are several for the same network.
    ///   - isTemporary: whether the folder lies in ``downloads`` and is thrown away; large files need no room twice then.
    ///   - try: looks whether the model works; it is given the copy.
    /// - Throws: ``ErrorCode/invalidParameter`` when the name is taken or cannot be one; what `try` throws. Then nothing has changed.
    public func add(
        _ folder: ModelFolder, as name: String, source: String, precision: NetworkPrecision = .int8, isTemporary: Bool = false,
        try attempt: (String, ModelDescription) async throws -> Trial
    ) async throws -> Manifest.Model {
        try checkVacant(name)
        let description = try folder.inspect(precision)
        let incoming = directory + "/.incoming-\(name)-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: incoming) }
        try copy(description.allFiles, of: folder.path, to: incoming, byLinking: isTemporary)
        try Data(folder.name.utf8).write(to: URL(fileURLWithPath: "\(incoming)/\(ModelFolder.nameFile)"))
        let trial = try await attempt(incoming, description)
        let model = Manifest.Model(
            description: description, source: source, addedUnixMS: UInt64(Date().timeIntervalSince1970 * 1000),
            checksums: try Checksums.of(description.allFiles, in: incoming), trial: trial)
        return try change { manifest in
            // Where a remove was cut off the folder may be there still.
            try? FileManager.default.removeItem(atPath: self.folder(of: name))
            try FileManager.default.moveItem(atPath: incoming, toPath: self.folder(of: name))
            manifest.models[name] = model
            for language in description.languages.isEmpty ? [Manifest.anyLanguage] : description.languages
            where manifest.defaults[description.family.task]?[language] == nil {
                manifest.defaults[description.family.task, default: [:]][language] = name
            }
            return model
        }
    }

    /// Makes a model the one that serves a language, whatever its folder is called; without a language, those that it is made for.
    ///
    /// - Throws: ``ErrorCode/invalidParameter`` for what is no language.
    public func use(_ name: String, language: String?) throws -> [String] {
        try change { manifest in
            let model = try manifest.model(name)
            let own = model.description.languages
            if let language {
                guard (2...3).contains(language.utf8.count), language.utf8.allSatisfy({ 0x61...0x7A ~= $0 }) else {
                    throw SpeechError(
                        .invalidParameter, "`\(language.prefix(16))` is not a language.",
                        advice: "Give its code of ISO 639-1 in small letters, such as en or de.")
                }
            }
            let languages = language.map { [$0] } ?? (own.isEmpty ? [Manifest.anyLanguage] : own)
            for language in languages { manifest.defaults[model.description.family.task, default: [:]][language] = name }
            return languages
        }
    }

    /// Takes a model away; what it served others serve that are made for it. Processes that use it keep what they have loaded.
    ///
    /// - Returns: who serves the languages now that it served; nil is nobody.
    public func remove(_ name: String) throws -> [String: String?] {
        let heirs = try change { manifest in
            let task = try manifest.model(name).description.family.task
            manifest.models[name] = nil
            let served = (manifest.defaults[task] ?? [:]).filter { $0.value == name }.keys
            let others = manifest.models.filter { $0.value.description.family.task == task }.sorted {
                ($0.value.addedUnixMS, $0.key) < ($1.value.addedUnixMS, $1.key)
            }
            let heirs = Dictionary(
                uniqueKeysWithValues: served.map { language in
                    (language, others.first { $0.value.description.serves(language) }?.key)
                })
            for (language, heir) in heirs { manifest.defaults[task]?[language] = heir }
            // A model of all languages may serve one without having been made for it.
            return Dictionary(
                uniqueKeysWithValues: served.map { language in
                    (language, manifest.defaultModel(for: task, language: language))
                })
        }
        do {
            try FileManager.default.removeItem(atPath: folder(of: name))
        } catch  where FileManager.default.fileExists(atPath: folder(of: name)) {
            throw SpeechError(
                .unwritableFile, "\(folder(of: name)) cannot be removed.", advice: "Remove it by hand; it is not used any more.",
                underlying: error)
        } catch {}
        return heirs
    }

    /// The files of a model that are not what was added; empty when all is well.
    public func damagedFiles(of name: String) throws -> [String] {
        let model = try manifest().model(name)
        return try Checksums.damaged(model.checksums, in: folder(of: name))
    }

    // MARK: the manifest

    /// Reads, changes and writes the manifest while nobody else does.
    private func change<Result>(_ change: (inout Manifest) throws -> Result) throws -> Result {
        try makeDirectory(directory)
        let lock = open(directory + "/.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw unwritable(directory + "/.lock") }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 && errno == EINTR {}
        var manifest = try manifest()
        let result = try change(&manifest)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(manifest).write(to: URL(fileURLWithPath: manifestFile), options: .atomic)
        } catch {
            throw unwritable(manifestFile)
        }
        return result
    }

    private func copy(_ files: [String], of folder: String, to target: String, byLinking: Bool) throws(SpeechError) {
        try makeDirectory(target)
        for file in files {
            do {
                let source = URL(fileURLWithPath: folder + "/" + file).resolvingSymlinksInPath().path
                let destination = target + "/" + file
                if file.contains("/") {
                    try FileManager.default.createDirectory(
                        at: URL(fileURLWithPath: destination).deletingLastPathComponent(), withIntermediateDirectories: true)
                }
                if byLinking {
                    try FileManager.default.linkItem(atPath: source, toPath: destination)
                } else {
                    try FileManager.default.copyItem(atPath: source, toPath: destination)
                }
            } catch {
                throw unwritable(target + "/" + file)
            }
        }
    }

    private func makeDirectory(_ path: String) throws(SpeechError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw unwritable(path)
        }
    }

    private func unwritable(_ path: String) -> SpeechError {
        SpeechError(
            .unwritableFile, "\(path) cannot be written.",
            advice: "See that there is room on the disk, and give yourself the right; or name another models.directory.")
    }

    private func check(_ name: String) throws(SpeechError) {
        let isName =
            (1...64).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
            }
        guard isName else {
            throw SpeechError(
                .invalidParameter, "A model cannot be named `\(name)`.",
                advice: "Give it a name of at most 64 letters, digits, `.`, `-` and `_` with --name.")
        }
    }
}
