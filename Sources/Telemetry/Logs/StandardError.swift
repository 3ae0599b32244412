import Glibc
import Synchronization

/// Writes one whole line to standard error with one call of write(2), one thread at a time.
///
/// Up to 4096 bytes (`PIPE_BUF`) the kernel keeps a line together among all processes that share the pipe; the lock keeps longer
/// ones together within this process. An error is ignored: there is nowhere left to report it.
public func writeToStandardError(_ line: String) {
    writeLine(line, to: STDERR_FILENO)
}

func writeLine(_ line: String, to descriptor: Int32) {
    var line = line
    writing.withLock { _ in
        line.withUTF8 { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return }
                rest = rest.dropFirst(written)
            }
        }
    }
}

private let writing = Mutex(())
