import Glibc
import SpeechModel

/// The files of a ``LeaseFile``: one record for each of the last terms.
struct LeaseDirectory: Sendable {
    let path: String

    /// Takes a directory, and makes it if it is not there.
    ///
    /// - Throws: ``SpeechError`` with `unwritable-file`.
    init(_ path: String) throws(SpeechError) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw Self.unwritable(
                path, "cannot be made", errno, advice: "Make the directory, for the server's user alone (mode 0700).")
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, access(path, R_OK | W_OK | X_OK) == 0 else {
            throw Self.unwritable(
                path, "is no directory that this user may write", errno, advice: "Give it to the server's user.")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw SpeechError(
                .unwritableFile, "The lease directory \(path) may be written by others, who could give the lease to themselves.",
                advice: "Run `chmod 700` on it.")
        }
    }

    /// The highest term that has a file.
    func newestTerm() throws(SpeechError) -> Int? { try names().compactMap(Self.term).max() }

    /// The record of a term; nil when its file is gone.
    ///
    /// - Throws: ``SpeechError`` with `unreadable-file` when it is damaged: then nobody may trust it, and nobody takes its term.
    func record(of term: Int) throws(SpeechError) -> LeaseRecord? {
        // The holder writes into the same sector, so a read may meet a half-written record: not ten times in a row.
        for _ in 0..<10 {
            let file = open(path(of: term), O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                if errno == ENOENT { return nil }
                throw unreadable(term, "cannot be read: \(String(cString: strerror(errno)))")
            }
            var bytes = [UInt8](repeating: 0, count: LeaseRecord.length + 1)
            let count = read(file, &bytes, bytes.count)
            close(file)
            if count == LeaseRecord.length, let record = LeaseRecord(bytes: Array(bytes.prefix(count))), record.lease.term == term
            {
                return record
            }
        }
        throw unreadable(term, "is damaged")
    }

    /// Makes the file of a term, complete from its first moment and on the disk; false when there is one.
    func create(_ record: LeaseRecord) throws(SpeechError) -> Bool {
        let draft = try draft(record)
        defer { unlink(draft) }
        guard link(draft, path(of: record.lease.term)) == 0 else {
            // The draft is gone when somebody else took the term meanwhile and tidied up.
            if errno == EEXIST || errno == ENOENT { return false }
            throw unwritable(path(of: record.lease.term))
        }
        syncNames()
        return true
    }

    /// Finds out whether there is room for one more file like this one.
    func rehearse(_ record: LeaseRecord) throws(SpeechError) { unlink(try draft(record)) }

    /// A complete file under a name of the holder's own.
    private func draft(_ record: LeaseRecord) throws(SpeechError) -> String {
        let draft = "\(path)/draft-\(record.lease.holder.name.rawValue)-\(hexadecimal(record.lease.holder.instance))"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unwritable(draft) }
        let isWritten = write(file, record.bytes, LeaseRecord.length) == LeaseRecord.length && fsync(file) == 0
        let code = errno
        close(file)
        guard isWritten else {
            unlink(draft)
            throw unwritable(draft, code)
        }
        return draft
    }

    /// Writes the record of a term over the former one; false when its file is gone.
    func overwrite(_ record: LeaseRecord) throws(SpeechError) -> Bool {
        let name = path(of: record.lease.term)
        let file = open(name, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return false }
            throw unwritable(name)
        }
        defer { close(file) }
        guard pwrite(file, record.bytes, LeaseRecord.length, 0) == LeaseRecord.length else { throw unwritable(name) }
        return true
    }

    func remove(_ term: Int) { unlink(path(of: term)) }

    /// Removes what is older than the term before this one.
    func tidy(before term: Int) throws(SpeechError) {
        for name in try names() where name.hasPrefix("draft-") || Self.term(name).map({ $0 < term - 1 }) ?? false {
            unlink("\(path)/\(name)")
        }
    }

    private func path(of term: Int) -> String {
        let digits = String(term)
        return "\(path)/term-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }

    private static func term(_ name: String) -> Int? {
        guard name.hasPrefix("term-") else { return nil }
        return Int(name.dropFirst(5))
    }

    private func names() throws(SpeechError) -> [String] {
        guard let directory = opendir(path) else {
            throw SpeechError(
                .unreadableFile, "The lease directory \(path) cannot be read: \(String(cString: strerror(errno))).",
                advice: "Let it be there, for the server's user.")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private func syncNames() {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private func unreadable(_ term: Int, _ what: String) -> SpeechError {
        SpeechError(
            .unreadableFile, "The lease record \(path(of: term)) \(what).",
            advice: "Stop both nodes, remove this file, and start them again; the number of its term may come a second time.")
    }

    private func unwritable(_ name: String, _ code: CInt = errno) -> SpeechError {
        Self.unwritable(
            name, "cannot be written", code, advice: "Give the directory to the server's user, and the disk some room.")
    }

    private static func unwritable(_ name: String, _ what: String, _ code: CInt, advice: String) -> SpeechError {
        SpeechError(.unwritableFile, "\(name) \(what): \(String(cString: strerror(code))).", advice: advice)
    }
}
