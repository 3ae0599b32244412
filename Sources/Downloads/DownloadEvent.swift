public import SpeechModel

/// What happens while something is downloaded.
public enum DownloadEvent: Sendable {
    /// So many bytes are on the disk, of so many where the server said it.
    case received(Int, of: Int?)
    /// An earlier attempt left so many bytes, and the server goes on behind them.
    case resumed(at: Int)
    /// The connection failed, and is tried again after a while.
    case waiting(SpeechError, Duration)
}
