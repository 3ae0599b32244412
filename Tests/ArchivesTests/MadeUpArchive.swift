import CArchive
import Foundation

/// Archives as anybody could make them, good and evil.
enum MadeUpArchive {
    enum Kind: String, CaseIterable {
        case tar, gzip, bzip2, xz, zstd, zip
    }

    struct Entry {
        var name: String
        var type: mode_t = S_IFREG
        var content: [UInt8] = []
        /// Of a link.
        var target = ""
        var isHardLink = false

        static func file(_ name: String, _ content: String = "content") -> Entry {
            Entry(name: name, content: Array(content.utf8))
        }
        static func folder(_ name: String) -> Entry { Entry(name: name, type: S_IFDIR) }
        static func symbolicLink(_ name: String, to target: String) -> Entry { Entry(name: name, type: S_IFLNK, target: target) }
        static func hardLink(_ name: String, to target: String) -> Entry { Entry(name: name, target: target, isHardLink: true) }
    }

    /// Writes one to `path`.
    static func write(_ entries: [Entry], as kind: Kind = .tar, to path: String) {
        let archive = archive_write_new()
        defer { archive_write_free(archive) }
        switch kind {
        case .zip: archive_write_set_format_zip(archive)
        default: archive_write_set_format_pax_restricted(archive)
        }
        switch kind {
        case .tar, .zip: break
        case .gzip: archive_write_add_filter_gzip(archive)
        case .bzip2: archive_write_add_filter_bzip2(archive)
        case .xz: archive_write_add_filter_xz(archive)
        case .zstd: archive_write_add_filter_zstd(archive)
        }
        precondition(archive_write_open_filename(archive, path) == ARCHIVE_OK)
        for entry in entries {
            let header = archive_entry_new()
            defer { archive_entry_free(header) }
            archive_entry_set_pathname_utf8(header, entry.name)
            archive_entry_set_filetype(header, entry.type)
            archive_entry_set_perm(header, 0o644)
            archive_entry_set_size(header, Int64(entry.content.count))
            if entry.isHardLink { archive_entry_set_hardlink_utf8(header, entry.target) }
            if entry.type == S_IFLNK { archive_entry_set_symlink_utf8(header, entry.target) }
            precondition(archive_write_header(archive, header) >= ARCHIVE_WARN, String(cString: archive_error_string(archive)))
            if !entry.content.isEmpty {
                precondition(archive_write_data(archive, entry.content, entry.content.count) == entry.content.count)
            }
        }
        precondition(archive_write_close(archive) == ARCHIVE_OK)
    }
}
