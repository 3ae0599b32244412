public import SpeechModel
public import SpeechPipeline

/// Recorded audio that is read once, from front to back, by one thread at a time. Memory does not grow with its length.
public protocol AudioSource: AnyObject {
    /// What ``read(into:)`` delivers.
    var format: AudioFormat { get }
    /// How long the audio should be, in seconds, where the header or the file's size tells; for progress displays only.
    /// Decoders may learn it with the first read.
    var expectedDurationSeconds: Double? { get }
    /// What was odd about the audio without making it unusable, in the order in which it was noticed.
    var warnings: [String] { get }
    /// Fills `buffer` with whole frames in ``format``, blocking until there is at least one.
    ///
    /// - Parameter buffer: room for one frame or more.
    /// - Returns: how many bytes were written; 0 at the end.
    /// - Throws: when the audio is broken, holds no samples, stalls beyond the time-out, passes a limit, or was cancelled.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int
    /// Lets go of files and child processes. Reads afterwards return 0.
    func close()
}
