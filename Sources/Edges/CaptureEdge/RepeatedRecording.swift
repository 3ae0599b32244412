import AudioFiles
import SpeechModel
import SpeechPipeline

/// A recording that begins again where it ends. A read may end early at the seam.
final class RepeatedRecording: AudioSource {
    let format: AudioFormat
    let expectedDurationSeconds: Double? = nil
    var warnings: [String] { pass.warnings }
    private let open: () throws(SpeechError) -> any AudioSource
    private var pass: any AudioSource
    private var hasDelivered = false

    /// Opens it for the first time.
    ///
    /// - Parameter open: opens the recording at its beginning.
    init(open: @escaping () throws(SpeechError) -> any AudioSource) throws(SpeechError) {
        self.open = open
        pass = try open()
        format = pass.format
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        while true {
            let count = try pass.read(into: buffer)
            if count > 0 {
                hasDelivered = true
                return count
            }
            guard hasDelivered else {
                throw SpeechError(.invalidAudio, "The recording holds no samples.", advice: "Record it again.")
            }
            pass.close()
            pass = try open()
            hasDelivered = false
            guard pass.format == format else {
                throw SpeechError(
                    .invalidAudio, "The recording was replaced by one of another format.",
                    advice: "Nothing needs to be done: it is opened again.")
            }
        }
    }

    func close() { pass.close() }
}
