import CConfinement
import Glibc

/// Ends blocked and future reads of the sources that were opened with it. Any thread may cancel.
public final class Cancellation: Sendable {
    /// Readable once cancelled, so that it can be waited for together with files.
    let fileDescriptor: CInt

    /// Makes a cancellation that has not happened yet.
    public init() {
        // Fails only when the process is out of descriptors; polling −1 then waits for nothing, and cancel() is without effect.
        fileDescriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    /// Makes blocked and future reads throw `shutting-down`.
    public func cancel() {
        _ = eventfd_write(fileDescriptor, 1)
    }

    deinit { close(fileDescriptor) }
}
