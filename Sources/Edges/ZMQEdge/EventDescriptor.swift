import CZeroMQ
import Glibc
import SpeechModel

/// Wakes a thread that waits in `zmq_poll`.
final class EventDescriptor: Sendable {
    let descriptor: CInt

    init() throws(SpeechError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw ZeroMQError.settingUp("no event descriptor", errno) }
    }

    deinit { close(descriptor) }

    func raise() {
        var one: UInt64 = 1
        // A counter that is full is readable as well.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    func lower() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
