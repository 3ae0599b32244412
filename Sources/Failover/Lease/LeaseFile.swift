import Glibc
import Lanes
public import SpeechModel

/// The ``Arbiter`` of two nodes on one machine: a directory with one file for each term.
///
/// There is no lock: a process that is stopped while it has one would hold up the other. Instead,
/// - a term is taken by linking a complete file to its name, which only one can do;
/// - only the holder writes into a term's file, and whoever looks whether the lease has ended reads the clock *before* the file. So a renewal
///   that was written before the end is seen, and one that was written later is not counted: the holder's machine compares the clock with
///   the former end *after* the answer.
/// - Times are boot time, which all processes share and nobody can set. A record of a former start of the machine has ended.
public struct LeaseFile: Arbiter {
    private let directory: LeaseDirectory
    private let boot: String
    private let now: @Sendable () -> UInt64

    /// Uses a directory, which is made if it is not there, for this user alone.
    ///
    /// - Throws: ``SpeechError`` with `unwritable-file`.
    public init(directory path: String) throws(SpeechError) {
        try self.init(directory: path, boot: Self.bootID(), now: bootNanoseconds)
    }

    init(directory path: String, boot: String, now: @escaping @Sendable () -> UInt64) throws(SpeechError) {
        directory = try LeaseDirectory(path)
        self.boot = boot
        self.now = now
    }

    public func current() throws(SpeechError) -> Lease? {
        let time = now()
        return try newest().map { lease($0, at: time) }
    }

    public func take(term: Int, after seen: Lease?, by node: NodeID, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer {
        let time = now()
        if let record = try newest() {
            let lease = lease(record, at: time)
            guard lease.isSame(as: seen), lease.remaining == 0, term > lease.term else {
                return LeaseAnswer(isGranted: false, lease: lease)
            }
        } else if seen != nil {
            return LeaseAnswer(isGranted: false, lease: nil)
        }
        let new = Lease(term: term, holder: node, remaining: nanoseconds)
        let isMade = try directory.create(LeaseRecord(lease: new, nanoseconds: time + nanoseconds, boot: boot))
        guard isMade, try directory.newestTerm() == term else {
            // Whoever was held up here may have taken a term that was passed meanwhile.
            if isMade { directory.remove(term) }
            return LeaseAnswer(isGranted: false, lease: try current())
        }
        try directory.tidy(before: term)
        return LeaseAnswer(isGranted: true, lease: new)
    }

    public func renew(term: Int, by node: NodeID, successor: NodeID?, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer
    {
        let time = now()
        guard let record = try newest(), record.lease.term == term, record.lease.holder == node else {
            return LeaseAnswer(isGranted: false, lease: try current())
        }
        // The next term needs a new file; on a full disk this one, which only has to be overwritten, is better kept.
        if nanoseconds == 0, successor != nil { try directory.rehearse(record) }
        let new = Lease(term: term, holder: node, successor: successor, remaining: nanoseconds)
        let isWritten = try directory.overwrite(LeaseRecord(lease: new, nanoseconds: time + nanoseconds, boot: boot))
        guard isWritten, try directory.newestTerm() == term else { return LeaseAnswer(isGranted: false, lease: try current()) }
        return LeaseAnswer(isGranted: true, lease: new)
    }

    /// The record of the newest term.
    private func newest() throws(SpeechError) -> LeaseRecord? {
        while let term = try directory.newestTerm() {
            // It is gone when two terms were taken meanwhile.
            if let record = try directory.record(of: term) { return record }
        }
        return nil
    }

    private func lease(_ record: LeaseRecord, at time: UInt64) -> Lease {
        var lease = record.lease
        lease.remaining = record.boot == boot && record.nanoseconds > time ? record.nanoseconds - time : 0
        return lease
    }

    /// Which start of the machine this is (random(4)).
    private static func bootID() throws(SpeechError) -> String {
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = file < 0 ? -1 : read(file, &bytes, bytes.count)
        if file >= 0 { close(file) }
        guard count > 1 else {
            throw SpeechError(
                .unreadableFile,
                "/proc/sys/kernel/random/boot_id cannot be read, so a lease of a former start of the machine is not known.",
                advice: "Let the server see /proc.")
        }
        return String(decoding: bytes.prefix(count).prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }
}
