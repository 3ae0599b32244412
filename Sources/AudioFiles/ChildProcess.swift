import CConfinement
import Glibc
import SpeechModel

/// A child in a process group of its own, with three of our descriptors and no others.
final class ChildProcess {
    /// How a child ended.
    enum Outcome: Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// The child, and the group that it leads.
    let processID: pid_t
    /// Readable once the child has ended.
    private let watch: CInt
    private var outcome: Outcome?

    /// Starts `arguments[0]`, a path, with an environment of nothing but `PATH` and what keeps messages in plain English: keys
    /// and tokens of ours do not reach foreign code.
    init(_ arguments: [String], searchPath: String, input: CInt, output: CInt, errors: CInt) throws(SpeechError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
        confinement_close_from(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        // A server ignores SIGPIPE, and ignored signals are inherited: the child would outlive its reader.
        var every = sigset_t()
        sigfillset(&every)
        posix_spawnattr_setsigdefault(&attributes, &every)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var argumentList = cStrings(arguments)
        var environment = cStrings(["PATH=\(searchPath)", "LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"])
        defer { for string in argumentList + environment { free(string) } }
        var started: pid_t = 0
        let status = posix_spawn(&started, arguments[0], &actions, &attributes, &argumentList, &environment)
        guard status == 0 else {
            throw SpeechError(
                .missingDependency, "\(arguments[0]) cannot be started: \(String(cString: strerror(status))).",
                advice: "Check that the file exists and may be executed.")
        }
        processID = started
        watch = confinement_watch_process(started)
    }

    /// Waits until the child has ended.
    ///
    /// - Throws: as ``waitUntilReady(_:idleMilliseconds:cancellation:name:)``; the child lives on then.
    func wait(idleMilliseconds: Int, cancellation: Cancellation?, name: String) throws(SpeechError) -> Outcome {
        if outcome == nil, watch >= 0 {
            _ = try waitUntilReady(
                (watched(watch, for: POLLIN), unwatched, unwatched, unwatched), idleMilliseconds: idleMilliseconds,
                cancellation: cancellation, name: name)
        }
        return reap()
    }

    /// Kills the child and whatever it started, unless it has ended.
    func kill() {
        guard outcome == nil else { return }
        Glibc.kill(-processID, SIGKILL)
        _ = reap()
    }

    private func reap() -> Outcome {
        if let outcome { return outcome }
        var status: CInt = 0
        while waitpid(processID, &status, 0) < 0 && errno == EINTR {}
        if watch >= 0 { close(watch) }
        let signal = status & 0x7F
        let result: Outcome = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
        outcome = result
        return result
    }

    deinit { kill() }
}

/// Copies for C, ended by a null pointer; the caller frees each.
func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
    strings.map { strdup($0) } + [nil]
}
