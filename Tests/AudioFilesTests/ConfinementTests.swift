import Glibc
import Testing

@testable import AudioFiles

@Suite struct ConfinementTests {
    /// Runs `arguments` behind `confine` and gives back how it ended and what it wrote.
    private func confine(_ arguments: [String]) throws -> (outcome: ChildProcess.Outcome, output: String) {
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let null = open("/dev/null", O_RDONLY)
        let child = try ChildProcess(
            [helper, "confine"] + arguments, searchPath: "/usr/bin:/bin", input: null, output: ends[1], errors: ends[1])
        close(null)
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var output = ""
        while case let count = read(ends[0], &bytes, bytes.count), count > 0 {
            output += String(decoding: bytes[..<count], as: UTF8.self)
        }
        close(ends[0])
        return (try child.wait(idleMilliseconds: 60_000, cancellation: nil, name: "child"), output)
    }

    @Test func theCommandLineIsOptionsThenACommand() {
        let request = ConfinementRequest(["--memory-mb", "5", "--cpu-seconds", "6", "--", "/bin/x", "--", "-y"])
        #expect(request?.memoryMB == 5)
        #expect(request?.cpuSeconds == 6)
        #expect(request?.command == ["/bin/x", "--", "-y"])
        for wrong in [
            [], ["--"], ["/bin/x"], ["--memory-mb", "0", "--", "x"], ["--memory-mb", "--", "x"], ["--nice", "1", "--", "x"],
        ] {
            #expect(ConfinementRequest(wrong) == nil)
        }
    }

    @Test func aWrongCommandLineShowsTheRightOne() throws {
        let (outcome, output) = try confine(["/bin/true"])
        #expect(outcome == .exited(64))
        #expect(output.contains("usage: confine"))
    }

    @Test func aProgramThatIsMissingIsNamed() throws {
        let (outcome, output) = try confine(["--", "/nowhere/program"])
        #expect(outcome == .exited(127))
        #expect(output.contains("/nowhere/program cannot be started"))
    }

    @Test func limitsHold() throws {
        let (outcome, output) = try confine(
            [
                "--memory-mb", "512", "--cpu-seconds", "7", "--", "/bin/sh", "-c",
                "ulimit -v; ulimit -t; ulimit -c; ulimit -n; ulimit -f",
            ])
        #expect(outcome == .exited(0))
        #expect(output.split(separator: "\n") == ["524288", "7", "0", "64", "0"])
    }

    @Test func privilegesAreNotGained() throws {
        let (_, output) = try confine(["--", "/bin/grep", "-E", "NoNewPrivs|Seccomp:", "/proc/self/status"])
        #expect(output.split(separator: "\n") == ["NoNewPrivs:\t1", "Seccomp:\t2"])
    }

    @Test func nothingCanBeWritten() throws {
        let (outcome, output) = try confine([
            "--", "/bin/sh", "-c",
            "trap '' XFSZ; cat /proc/version > /tmp/confinement-test-$$; rm -f /tmp/confinement-test-$$; exec true",
        ])
        #expect(outcome == .exited(0))
        #expect(output.contains("File too large"))
    }

    @Test func theEnvironmentIsNotInherited() throws {
        setenv("CONFINEMENT_TEST_SECRET", "hunter2", 1)
        let (_, output) = try confine(["--", "/usr/bin/env"])
        #expect(!output.contains("hunter2"))
        #expect(output.contains("PATH=/usr/bin:/bin"))
    }

    @Test func noOtherDescriptorIsInherited() throws {
        let kept = dup(STDERR_FILENO)
        defer { close(kept) }
        let (_, output) = try confine(["--", "/bin/ls", "/proc/self/fd"])
        // 3 is the folder that ls itself reads.
        #expect(output.split(separator: "\n") == ["0", "1", "2", "3"])
    }
}
