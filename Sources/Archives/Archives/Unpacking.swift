import Glibc
import SpeechModel

/// An archive on its way into a folder.
///
/// Links are made at the end: while files are written there is no link that a name could lead through.
struct Unpacking {
    private struct Link {
        var name: String
        var path: EntryPath
        var target: String
    }

    private static let blockBytes = 1 << 18

    private let archive: String
    private let folder: String
    private let limits: ArchiveLimits
    private let archiveBytes: Int
    private var entries = 0
    private var bytes = 0
    private var hardLinks: [Link] = []
    private var symbolicLinks: [Link] = []

    init(of archive: String, to folder: String, limits: ArchiveLimits) {
        var status = stat()
        archiveBytes = stat(archive, &status) == 0 ? Int(status.st_size) : 0
        (self.archive, self.folder, self.limits) = (archive, folder, limits)
    }

    /// Writes what an entry is, or notes it for the end.
    mutating func take(_ entry: ArchiveReader.Entry, from reader: ArchiveReader) throws(SpeechError) {
        entries += 1
        guard entries <= limits.entries else { throw refused("has more than \(limits.entries) entries") }
        guard let path = EntryPath(entry.name) else { throw refused("has an entry that leads out of it, or has no proper name") }
        switch entry.kind {
        case .folder: try makeFolder(path.components)
        case .file:
            guard let name = path.components.last else { throw refused("has a file without a name") }
            try makeFolder(path.components.dropLast())
            try write(to: path, name: name, from: reader)
        case .symbolicLink(let target): symbolicLinks.append(Link(name: entry.name, path: path, target: target))
        case .hardLink(let target): hardLinks.append(Link(name: entry.name, path: path, target: target))
        case .other: throw refused("has an entry that is a device, a pipe or a socket: \(entry.name)")
        }
    }

    /// Makes the links, and looks where they lead.
    func finish() throws(SpeechError) {
        for link in hardLinks {
            // No symbolic link is there yet, so that this name leads where it says.
            guard let target = EntryPath(link.target) else { throw leadsOut(link) }
            try makeFolder(link.path.components.dropLast())
            try check(Glibc.link(target.path(below: folder), link.path.path(below: folder)) == 0, link.name)
        }
        for link in symbolicLinks { try makeFolder(link.path.components.dropLast()) }
        for link in symbolicLinks { try check(symlink(link.target, link.path.path(below: folder)) == 0, link.name) }
        guard let root = Self.resolved(folder) else { throw unwritable(folder, errno) }
        // Only now is it certain where one leads, as they may lead through each other.
        for link in symbolicLinks {
            guard let end = Self.resolved(link.path.path(below: folder)), end.hasPrefix(root + "/") else {
                throw leadsOut(link)
            }
        }
    }

    // MARK: files and folders

    private func makeFolder(_ components: some Sequence<String>) throws(SpeechError) {
        var path = folder
        for component in components {
            path += "/" + component
            try check(mkdir(path, 0o755) == 0 || errno == EEXIST, path)
        }
    }

    private mutating func write(to path: EntryPath, name: String, from reader: ArchiveReader) throws(SpeechError) {
        // Exclusively: a file is neither written twice nor through anything that is there.
        let file = open(path.path(below: folder), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        try check(file >= 0, name)
        defer { close(file) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes, alignment: 16)
        defer { buffer.deallocate() }
        while case let count = try reader.read(into: buffer), count > 0 {
            bytes += count
            guard bytes <= limits.bytes else {
                throw SpeechError(
                    .unwritableFile, "There is no room for what \(archive) holds.",
                    advice: "Make room on the disk; or name another models.directory.")
            }
            guard bytes <= max(ArchiveLimits.unlimitedRatioBytes, archiveBytes * limits.ratio) else {
                throw refused("would grow to more than \(limits.ratio) times its size")
            }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                let written = Glibc.write(file, rest.baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                try check(written > 0, name)
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    // MARK: faults

    /// Throws for what the last call to the system said of an entry.
    private func check(_ isDone: Bool, _ name: String) throws(SpeechError) {
        guard !isDone else { return }
        let error = errno
        switch error {
        case EEXIST: throw refused("has two entries named \(name)")
        case ENOENT: throw refused("has a link to nothing: \(name)")
        case ENOTDIR: throw refused("has entries below a file: \(name)")
        default: throw unwritable(name, error)
        }
    }

    private func unwritable(_ name: String, _ error: CInt) -> SpeechError {
        SpeechError(
            .unwritableFile, "\(name) of \(archive) cannot be written: \(String(cString: strerror(error))).",
            advice: "See that there is room on the disk, and give yourself the right; or name another models.directory.")
    }

    private func leadsOut(_ link: Link) -> SpeechError { refused("has a link that leads out of it, or to nothing: \(link.name)") }

    private func refused(_ what: String) -> SpeechError {
        SpeechError(
            .brokenModel, "The archive \(archive) \(what); it is not unpacked.",
            advice: "Get it from where the model was published; or unpack it yourself, look at it, and add the folder.")
    }
}
