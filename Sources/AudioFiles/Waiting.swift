import Glibc
import SpeechModel

/// Blocks until one of `descriptors` (at most four; −1 is skipped) is ready, and returns what is ready on each.
///
/// - Throws: `idle-timeout` after `idleMilliseconds`, `shutting-down` when cancelled. `name` is the audio's name for the message.
func waitUntilReady(
    _ descriptors: (pollfd, pollfd, pollfd, pollfd), idleMilliseconds: Int, cancellation: Cancellation?, name: String
) throws(SpeechError) -> (Int16, Int16, Int16, Int16) {
    var polled = (
        descriptors.0, descriptors.1, descriptors.2, descriptors.3,
        pollfd(fd: cancellation?.fileDescriptor ?? -1, events: Int16(POLLIN), revents: 0)
    )
    var count: CInt
    repeat {
        count = withUnsafeMutableBytes(of: &polled) { bytes in
            poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 5, CInt(clamping: idleMilliseconds))
        }
    } while count < 0 && errno == EINTR
    if polled.4.revents != 0 {
        throw SpeechError(.shuttingDown, "Reading \(name) was cancelled.", advice: "Start it again if that was not meant.")
    }
    if count == 0 {
        throw SpeechError(
            .idleTimeout, "Nothing came from \(name) for \(Double(idleMilliseconds) / 1000) s.",
            advice: "Check that its writer is alive and that the decoder is not stuck, then try again.")
    }
    return (polled.0.revents, polled.1.revents, polled.2.revents, polled.3.revents)
}

/// A descriptor to wait for with ``waitUntilReady(_:idleMilliseconds:cancellation:name:)``.
func watched(_ descriptor: CInt, for events: CInt) -> pollfd {
    pollfd(fd: descriptor, events: Int16(events), revents: 0)
}

/// An entry that is never ready.
let unwatched = pollfd(fd: -1, events: 0, revents: 0)
