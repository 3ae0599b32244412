import Archives
import Downloads
import Foundation
import ModelLibrary
import SpeechModel

/// Where a model is to be added from: a folder, a file or an archive on this machine, or the address of a file or an archive.
struct ModelSource {
    /// What the model is called, unless somebody gives it another name.
    let name: String
    private let place: Place

    private enum Place {
        case path(String, isFolder: Bool)
        case address(String)
    }

    private static let suffixes = [
        ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz2", ".tbz", ".txz", ".tzst", ".tar", ".zip", ".onnx",
    ]

    init(_ given: String) throws(SpeechError) {
        guard !given.isEmpty else {
            throw SpeechError(
                .invalidParameter, "No model is named.", advice: "Name a folder, an archive, an .onnx file or an address.")
        }
        let scheme = given.range(of: "://").map { given[..<$0.lowerBound].lowercased() }
        switch scheme {
        case nil, "file":
            let path = scheme == nil ? given : String(given.dropFirst("file://".count))
            let url = URL(fileURLWithPath: path).standardizedFileURL
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
            place = .path(url.path, isFolder: isFolder.boolValue)
            name = isFolder.boolValue ? url.lastPathComponent : Self.stem(url.lastPathComponent)
        case "http", "https":
            guard let url = URL(string: given), url.host()?.isEmpty == false else {
                throw SpeechError(.invalidParameter, "`\(given)` is not an address.", advice: "Give it as the browser shows it.")
            }
            guard !url.lastPathComponent.isEmpty, url.lastPathComponent != "/" else {
                throw SpeechError(
                    .invalidParameter, "`\(given)` is the address of no file.",
                    advice: "Give the one of the archive or the .onnx file: the one that its download button has.")
            }
            place = .address(given)
            name = Self.stem(url.lastPathComponent)
        case .some(let scheme):
            throw SpeechError(
                .invalidParameter, "Nothing is downloaded by \(scheme)://.",
                advice: "Give an http:// or https:// address, or the path of a folder or an archive.")
        }
    }

    /// Lends the folder or file that holds the model.
    ///
    /// - Parameters:
    ///   - sha256: what the downloaded file or the archive has to be.
    ///   - use: is told where the files came from, and whether they are thrown away afterwards.
    func withFolder<Result>(
        for library: ModelLibrary, sha256: String?,
        _ use: (_ folder: ModelFolder, _ source: String, _ isTemporary: Bool) async throws -> Result
    ) async throws -> Result {
        switch place {
        case .path(let path, isFolder: true):
            guard sha256 == nil else {
                throw SpeechError(
                    .invalidParameter, "\(path) is a folder, and --sha256 is of one file.",
                    advice: "Leave it out, or give the archive that the folder was unpacked from.")
            }
            return try await withConverted(ModelFolder(path), path, false, for: library, use)
        case .path(let path, isFolder: false):
            if let sha256 { try Self.check(path, named: path, sha256: sha256) }
            guard FileManager.default.fileExists(atPath: path), try Archive(path).isArchive else {
                return try await withConverted(ModelFolder(path), path, false, for: library, use)
            }
            return try await withUnpacked(path, named: path, for: library) {
                try await withConverted($0, path, true, for: library, use)
            }
        case .address(let address):
            let download = Download(address, in: library.downloads, maximumBytes: try library.room())
            let progress = DownloadProgress(of: download.shownURL)
            let file = try await download.run { progress.report($0) }
            progress.finish()
            do {
                try Self.check(file.path, named: download.shownURL, sha256: sha256)
                let result = try await withUnpacked(file.path, named: download.shownURL, from: address, for: library) {
                    try await withConverted($0, download.shownURL, true, for: library, use)
                }
                file.remove()
                return result
            } catch {
                // Where there was no room it is as good as before; otherwise it would be the same again.
                if (error as? SpeechError)?.code != .unwritableFile { file.remove() }
                throw error
            }
        }
    }

    // MARK: what is in it

    /// Lends the folder as it is, or a copy that the engine understands.
    private func withConverted<Result>(
        _ folder: ModelFolder, _ source: String, _ isTemporary: Bool, for library: ModelLibrary,
        _ use: (ModelFolder, String, Bool) async throws -> Result
    ) async throws -> Result {
        guard let voice = try PiperVoice(folder) else { return try await use(folder, source, isTemporary) }
        removeAbandoned(in: library.downloads)
        let copy = "\(library.downloads)/\(Self.convertedPrefix)\(getpid())/\(voice.name)"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: URL(fileURLWithPath: copy).deletingLastPathComponent().path) }
        try voice.write(to: copy)
        return try await use(ModelFolder(copy), source, true)
    }

    private func withUnpacked<Result>(
        _ file: String, named shown: String, from address: String? = nil, for library: ModelLibrary,
        _ use: (ModelFolder) async throws -> Result
    ) async throws -> Result {
        removeAbandoned(in: library.downloads)
        let temporary = "\(library.downloads)/\(Self.unpackedPrefix)\(getpid())"
        // A model's languages are read from its folder's name.
        let folder = temporary + "/" + (name.isEmpty || name.hasPrefix(".") ? "model" : name)
        let room = try library.room()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        if try Archive(file).isArchive {
            Terminal.error.write("It is unpacked …\n")
            try Archive(file).unpack(to: folder, limits: ArchiveLimits(bytes: room))
        } else if let network = try? ONNXFile(file) {
            try FileManager.default.linkItem(atPath: file, toPath: "\(folder)/\(name).onnx")
            if network.metadata.isEmpty, let address { await describe("\(folder)/\(name).onnx", from: address, for: library) }
        } else {
            throw SpeechError(
                .brokenModel, "\(shown) is neither an archive (tar, zip) nor an .onnx file, or it is cut off.",
                advice: "Give the address that its download button has; docs/models.md says what can be added.")
        }
        return try await use(try ModelFolder.topmost(below: folder))
    }

    /// Gets what a Piper voice has at its side; of others there is nothing, and what cannot be had is missed when it is looked at.
    private func describe(_ network: String, from address: String, for library: ModelLibrary) async {
        guard var parts = URLComponents(string: address) else { return }
        parts.path += ".json"
        guard let url = parts.string, let room = try? library.room() else { return }
        let download = Download(url, in: library.downloads, maximumBytes: min(room, Self.descriptionBytes))
        guard let file = try? await download.run({ _ in }) else { return }
        try? FileManager.default.copyItem(atPath: file.path, toPath: network + ".json")
        file.remove()
    }

    private static let descriptionBytes = 1 << 20
    private static let unpackedPrefix = ".unpacked-"
    private static let convertedPrefix = ".converted-"

    /// What processes left that were ended in the middle.
    private func removeAbandoned(in folder: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard let prefix = [Self.unpackedPrefix, Self.convertedPrefix].first(where: name.hasPrefix),
                let process = pid_t(name.dropFirst(prefix.count)), kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: folder + "/" + name)
        }
    }

    private static func check(_ path: String, named shown: String, sha256 expected: String?) throws(SpeechError) {
        let found = try Checksums.sha256(of: path)
        guard let expected else {
            Terminal.error.write("SHA-256 \(found); compare it with what the publisher says, or give it with --sha256.\n")
            return
        }
        guard found == expected.lowercased() else {
            throw SpeechError(
                .brokenModel, "\(shown) is not what it should be: its SHA-256 is \(found), not \(expected.lowercased()).",
                advice:
                    "See whether the checksum belongs to this version of the file; if it does, somebody or something changed the file."
            )
        }
    }

    private static func stem(_ file: String) -> String {
        suffixes.first { file.lowercased().hasSuffix($0) }.map { String(file.dropLast($0.utf8.count)) } ?? file
    }
}
