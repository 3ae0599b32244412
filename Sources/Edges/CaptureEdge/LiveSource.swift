public import AudioFiles
public import SpeechModel

/// A source that goes on for ever and has its own pace, such as a device.
public protocol LiveSource: AudioSource {
    /// Reads what there is, and waits a while when there is nothing.
    ///
    /// - Parameters:
    ///   - buffer: room for one frame or more.
    ///   - milliseconds: the longest wait.
    /// - Throws: when the device is gone or broken.
    func read(into buffer: UnsafeMutableRawBufferPointer, waitingAtMostMS milliseconds: Int) throws(SpeechError) -> LiveRead
}

/// What reading a live source brought.
public enum LiveRead: Hashable, Sendable {
    /// Whole frames; so many bytes were written, 0 once the source is closed.
    case audio(byteCount: Int)
    /// Nothing came in the time.
    case nothing
    /// The device lost audio since the last read, because nobody read, and goes on.
    case gap
}
