import ArbiterContract
import Glibc
import Lanes
import SpeechModel
import Testing

@testable import Failover

@Suite("A lease file") struct LeaseFileTests {
    private let a = NodeID(name: .primary, instance: 1)
    private let b = NodeID(name: .standby, instance: 2)
    private let second: UInt64 = 1_000_000_000

    private func with(_ body: (TemporaryDirectory, ManualClock) throws -> Void) throws {
        let directory = TemporaryDirectory()
        defer { directory.remove() }
        try body(directory, ManualClock())
    }

    private func file(_ directory: TemporaryDirectory, _ clock: ManualClock, boot: String = "boot-1") throws -> LeaseFile {
        try LeaseFile(directory: directory.path, boot: boot, now: { clock.now })
    }

    @Test("promises what an arbiter does", arguments: ArbiterContract.checks)
    func contract(_ check: String) throws {
        try with { directory, clock in
            let faults = ArbiterContract.faults(check) {
                ArbiterContract.Subject(
                    first: try file(directory, clock), second: try file(directory, clock), pass: { clock.pass($0) })
            }
            #expect(faults == [])
        }
    }

    @Test("keeps the last two terms only")
    func tidies() throws {
        try with { directory, clock in
            let file = try file(directory, clock)
            for term in 1...5 {
                #expect(try file.take(term: term, after: file.current(), by: a, for: second).isGranted)
                clock.pass(second)
            }
            #expect(directory.names() == ["term-000004", "term-000005"])
        }
    }

    @Test("keeps the lease of one who would give it back while there is no room for the next term")
    func fullDisk() throws {
        try with { directory, clock in
            let file = try file(directory, clock)
            _ = try file.take(term: 1, after: nil, by: a, for: second)
            // A directory of that name makes what a full disk does: no new file, and the old one can be written.
            let obstacle = directory.path + "/draft-primary-0000000000000001"
            #expect(mkdir(obstacle, 0o700) == 0)
            let error = #expect(throws: SpeechError.self) { try file.renew(term: 1, by: a, successor: b, for: 0) }
            #expect(error?.code == .unwritableFile)
            #expect(try file.current()?.remaining == second)
            #expect(try file.renew(term: 1, by: a, successor: b, for: second).isGranted)
            // For nobody in particular it can be given back.
            #expect(try file.renew(term: 1, by: a, successor: nil, for: 0).isGranted)
            #expect(rmdir(obstacle) == 0)
            #expect(try file.renew(term: 1, by: a, successor: b, for: 0).isGranted)
            #expect(try file.take(term: 2, after: file.current(), by: b, for: second).isGranted)
        }
    }

    @Test("of a former start of the machine has ended, but its term counts")
    func reboot() throws {
        try with { directory, clock in
            _ = try file(directory, clock).take(term: 41, after: nil, by: a, for: 3600 * second)
            let after = try file(directory, ManualClock(), boot: "boot-2")
            let lease = try after.current()
            #expect(lease == Lease(term: 41, holder: a))
            #expect(try after.take(term: 42, after: lease, by: b, for: second).isGranted)
        }
    }

    @Test("counts a renewal that another, who looked at the clock before, did not see in its file yet")
    func renewedBetweenClockAndFile() throws {
        try with { directory, clock in
            let holder = try file(directory, clock)
            let first = try holder.take(term: 1, after: nil, by: a, for: second).lease
            clock.pass(second / 2)
            // The other is held up between its look at the clock and its look at the file; meanwhile the holder renews, and time passes.
            let other = try LeaseFile(directory: directory.path, boot: "boot-1") {
                let time = clock.now
                _ = try? holder.renew(term: 1, by: self.a, successor: nil, for: self.second)
                clock.pass(self.second * 3 / 4)
                return time
            }
            #expect(try !other.take(term: 2, after: first, by: b, for: second).isGranted)
            #expect(try holder.current()?.remaining == second / 4)
        }
    }

    @Test("does not give a term to one that was held up while later ones were taken")
    func heldUp() throws {
        try with { directory, clock in
            let file = try file(directory, clock)
            let first = try file.take(term: 1, after: nil, by: a, for: second).lease
            clock.pass(2 * second)
            // Somebody who stopped right before linking term 2, while terms 2, 3 and 4 came and 2 was tidied away.
            for term in 2...4 {
                #expect(try file.take(term: term, after: file.current(), by: a, for: second).isGranted)
                clock.pass(2 * second)
            }
            #expect(directory.names() == ["term-000003", "term-000004"])
            let stale = try LeaseDirectory(directory.path)
            let record = LeaseRecord(lease: Lease(term: 2, holder: b), nanoseconds: clock.now + second, boot: "boot-1")
            #expect(try stale.create(record))
            #expect(try file.current()?.term == 4)
            #expect(try !file.renew(term: 2, by: b, successor: nil, for: second).isGranted)
            #expect(try !file.take(term: 2, after: first, by: b, for: second).isGranted)
        }
    }

    @Test(
        "that is damaged is told, and nobody takes the next term",
        arguments: ["", "mynah lease 1\n", String(repeating: "x", count: 512)])
    func damaged(_ content: String) throws {
        try with { directory, clock in
            let file = try file(directory, clock)
            _ = try file.take(term: 1, after: nil, by: a, for: second)
            clock.pass(2 * second)
            let path = directory.path + "/term-000001"
            let descriptor = open(path, O_WRONLY | O_TRUNC)
            #expect(write(descriptor, content, content.utf8.count) == content.utf8.count)
            close(descriptor)
            let error = #expect(throws: SpeechError.self) { try file.current() }
            #expect(error?.code == .unreadableFile && error?.message.contains(path) == true)
            #expect(throws: SpeechError.self) {
                try file.take(term: 2, after: Lease(term: 1, holder: self.a), by: self.b, for: self.second)
            }
        }
    }

    @Test("wants a directory that nobody else may write")
    func directory() throws {
        try with { directory, clock in
            chmod(directory.path, 0o777)
            let error = #expect(throws: SpeechError.self) { try file(directory, clock) }
            #expect(error?.code == .unwritableFile && error?.advice.contains("chmod 700") == true)
        }
        #expect(throws: SpeechError.self) { try LeaseFile(directory: "/nowhere/lease") }
        #expect(throws: SpeechError.self) { try LeaseFile(directory: "/proc/self/status") }
    }

    @Test("makes its directory for its user alone, and uses the machine's own clock and start")
    func real() throws {
        let parent = TemporaryDirectory()
        defer { parent.remove() }
        let path = parent.path + "/lease"
        let file = try LeaseFile(directory: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(try file.take(term: 1, after: nil, by: a, for: 600_000_000).isGranted)
        #expect((1...600_000_000).contains(try LeaseFile(directory: path).current()?.remaining ?? 0))
        unlink(path + "/term-000001")
        rmdir(path)
    }

    @Test("record is read as it was written, and not when a byte of it has changed")
    func record() {
        for successor in [nil, b] {
            let record = LeaseRecord(
                lease: Lease(term: 7, holder: a, successor: successor), nanoseconds: .max, boot: "0-1-2")
            #expect(LeaseRecord(bytes: record.bytes) == record && record.bytes.count == LeaseRecord.length)
            for index in record.bytes.indices {
                var bytes = record.bytes
                bytes[index] ^= 1
                #expect(LeaseRecord(bytes: bytes) == nil)
            }
        }
    }
}
