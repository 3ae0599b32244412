public import SpeechModel
public import SpeechPipeline

/// Who gets a capture loop's audio. Everything is called on the loop's one thread, in order, and must not block: while it does,
/// a device loses audio after half a second.
public protocol CaptureSink: AnyObject, Sendable {
    /// The input was opened, for the first time or again; audio that follows has this format. After a loss the audio before and
    /// after is not continuous, and the format may be another.
    func captureBegan(format: AudioFormat)
    /// Audio: whole frames, as many as make up `frame_ms`, fewer only at the end of a file. The bytes are valid during the
    /// call.
    ///
    /// - Returns: false when there is no room: the same audio is offered again a little later.
    func capture(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// The input could not be opened, failed, or ended though it should not; it is opened again in so many milliseconds. Where
    /// that makes no sense (a file, the standard input) that is `nil`, and ``captureEnded()`` follows.
    func captureLost(_ error: SpeechError, retryInMS: Int?)
    /// So many frames were lost since the last report, because the ring was full or the device's own buffer was. At most once a
    /// second, and once more before ``captureEnded()``.
    func captureDropped(frames: Int)
    /// The file or the standard input is over, and everything was delivered. Nothing follows.
    func captureEnded()
}
