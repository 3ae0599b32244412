import Glibc
public import SpeechModel

/// The file in which a witness keeps its record over a restart.
public struct WitnessState: Sendable {
    private let path: String

    /// Names the file, which need not exist.
    public init(path: String) { self.path = path }

    /// Makes the folder if it is not there, and sees that the file could be written: a witness that keeps nothing grants nothing.
    ///
    /// - Throws: ``SpeechError`` with `unwritable-file`.
    public func prepare() throws(SpeechError) {
        let names = path.split(separator: "/").dropLast()
        var folder = path.hasPrefix("/") ? "" : "."
        for name in names {
            folder += "/" + name
            if mkdir(folder, 0o700) != 0, errno != EEXIST { throw unwritable(folder) }
        }
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unwritable(draft) }
        close(file)
        unlink(draft)
    }

    /// What was kept; nil when there is no file.
    ///
    /// - Throws: ``SpeechError`` with `unreadable-file`, also when it is damaged.
    public func load() throws(SpeechError) -> LeaseRecord? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw unreadable("cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: LeaseRecord.length + 1)
        let count = read(file, &bytes, bytes.count)
        guard count == LeaseRecord.length, let record = LeaseRecord(bytes: Array(bytes.prefix(count))) else {
            throw unreadable("is damaged")
        }
        return record
    }

    /// Writes a record in the place of the former one, on the disk before this returns.
    ///
    /// - Throws: ``SpeechError`` with `unwritable-file`.
    public func store(_ record: LeaseRecord) throws(SpeechError) {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw unwritable(draft) }
        let isWritten = write(file, record.bytes, LeaseRecord.length) == LeaseRecord.length && fsync(file) == 0
        let code = errno
        close(file)
        guard isWritten else { throw unwritable(draft, code) }
        guard rename(draft, path) == 0 else { throw unwritable(path) }
        let folder =
            path.contains("/")
            ? path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") : "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private func unreadable(_ what: String) -> SpeechError {
        SpeechError(
            .unreadableFile, "The witness's state \(path) \(what).",
            advice:
                "Give the file to the witness's user. If it is damaged, stop both nodes before you remove it: terms begin anew then."
        )
    }

    private func unwritable(_ name: String, _ code: CInt = errno) -> SpeechError {
        SpeechError(
            .unwritableFile, "\(name) cannot be written: \(String(cString: strerror(code))).",
            advice: "Let the witness's user write in that directory, and give its disk some room.")
    }
}
