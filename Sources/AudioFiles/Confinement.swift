import CConfinement
import Glibc

/// Runs a program on foreign data with less than it would be allowed by itself.
///
/// `confine [--memory-mb N] [--cpu-seconds N] -- PROGRAM [ARGUMENT …]` replaces this process by the program, found by its path,
/// which then can neither open a socket nor write a file nor gain privileges, and is ended by the kernel beyond its limits.
public enum Confinement {
    /// Confines this process and becomes the program. To be called before any thread exists.
    ///
    /// - Parameter arguments: what stands behind `confine` on the command line.
    /// - Returns: never; the process exits with 64 when the command line is wrong, 71 when the kernel refuses a limit, and 127
    ///   when the program cannot be started.
    public static func run(arguments: [String]) -> Never {
        guard let request = ConfinementRequest(arguments) else {
            fail(64, "usage: confine [--memory-mb N] [--cpu-seconds N] -- PROGRAM [ARGUMENT …]")
        }
        // Everything is allocated before the limits hold: this program may itself be larger than they are.
        var arguments = cStrings(request.command)
        let limits = [
            (RLIMIT_AS, rlim_t(request.memoryMB) << 20), (RLIMIT_CPU, rlim_t(request.cpuSeconds)), (RLIMIT_CORE, 0),
            (RLIMIT_FSIZE, 0), (RLIMIT_NOFILE, 64),
        ]
        for (resource, limit) in limits {
            // Never above what this process was given itself. Where soft and hard limit of the time agree the kernel kills;
            // ffmpeg would catch the softer SIGXCPU and end as if all were well.
            var value = rlimit()
            getrlimit(CInt(resource.rawValue), &value)
            value.rlim_max = min(value.rlim_max, limit)
            value.rlim_cur = value.rlim_max
            guard setrlimit(CInt(resource.rawValue), &value) == 0 else { fail(71, "a limit was refused: \(lastError)") }
        }
        guard confinement_forbid_privileges() == 0 else { fail(71, "PR_SET_NO_NEW_PRIVS: \(lastError)") }
        // Kernels without seccomp exist; ffmpeg's own list of protocols holds there alone.
        _ = confinement_forbid_sockets()
        execv(request.command[0], &arguments)
        fail(127, "\(request.command[0]) cannot be started: \(lastError)")
    }

    private static var lastError: String { String(cString: strerror(errno)) }

    private static func fail(_ status: Int32, _ message: String) -> Never {
        let line = "confine: \(message)\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        // Handlers at exit belong to the program, and some write files, which is forbidden by now.
        _exit(status)
    }
}
