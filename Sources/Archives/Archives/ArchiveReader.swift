import CArchive
import Glibc
import SpeechModel

/// One pass through an archive, by libarchive.
///
/// Only the formats that models are published in are enabled: each other one is more code that sees foreign bytes.
final class ArchiveReader {
    /// One thing in the archive, as the archive describes it.
    struct Entry {
        enum Kind: Equatable {
            case file, folder
            case symbolicLink(String)
            case hardLink(String)
            /// A device, a pipe or a socket.
            case other
        }

        var name: String
        var kind: Kind
    }

    private static let blockBytes = 1 << 16

    private let path: String
    private let archive: OpaquePointer

    init(_ path: String) throws(SpeechError) {
        self.path = path
        guard let archive = archive_read_new() else { preconditionFailure("libarchive has no memory") }
        self.archive = archive
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_zip(archive)
        let opened = archive_read_open_filename(archive, path, Self.blockBytes)
        // A compressed file that is cut off is noticed here already; `recognises` and `next` tell of it.
        guard opened == ARCHIVE_OK || access(path, R_OK) == 0 else {
            throw SpeechError(
                .unreadableFile, "\(path) cannot be read.",
                advice: "See that it is there, and give yourself the right to read it.")
        }
    }

    deinit { archive_read_free(archive) }

    /// Whether the beginning is that of an archive.
    func recognises() -> Bool {
        var entry: OpaquePointer?
        return archive_read_next_header(archive, &entry) >= ARCHIVE_WARN || archive_format(archive) != 0
    }

    /// The next entry; nil at the end.
    func next() throws(SpeechError) -> Entry? {
        var found: OpaquePointer?
        let status = archive_read_next_header(archive, &found)
        if status == ARCHIVE_EOF { return nil }
        // A warning is about what is not used here: owners, times, the set of characters.
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry = found else { throw damaged() }
        guard let name = text(archive_entry_pathname_utf8(entry)) ?? text(archive_entry_pathname(entry)) else { throw damaged() }
        if let target = text(archive_entry_hardlink_utf8(entry)) ?? text(archive_entry_hardlink(entry)) {
            return Entry(name: name, kind: .hardLink(target))
        }
        switch archive_entry_filetype(entry) {
        case S_IFREG: return Entry(name: name, kind: .file)
        case S_IFDIR: return Entry(name: name, kind: .folder)
        case S_IFLNK:
            let target = text(archive_entry_symlink_utf8(entry)) ?? text(archive_entry_symlink(entry))
            return Entry(name: name, kind: .symbolicLink(target ?? ""))
        default: return Entry(name: name, kind: .other)
        }
    }

    /// The next bytes of the entry's file; 0 at its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw damaged() }
        return count
    }

    private func damaged() -> SpeechError {
        SpeechError(
            .brokenModel, "The archive \(path) is damaged: \(text(archive_error_string(archive)) ?? "no reason is known").",
            advice: "Get it again from where it was published.")
    }

    private func text(_ string: UnsafePointer<CChar>?) -> String? { string.map { String(cString: $0) } }
}
