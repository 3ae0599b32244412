import AudioFiles
import SpeechModel
import SpeechPipeline

/// Samples that are there already, read like a file.
final class MemoryAudio: AudioSource {
    let format: AudioFormat
    let warnings: [String]
    private var samples: [Int16]
    private var at = 0

    init(_ samples: [Int16], sampleRate: Int, warnings: [String]) throws(SpeechError) {
        format = try AudioFormat(sampleRate: sampleRate, channels: 1)
        self.samples = samples
        self.warnings = warnings
    }

    var expectedDurationSeconds: Double? { Double(samples.count) / Double(format.sampleRate) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        samples.withUnsafeBytes { bytes in
            let count = min(buffer.count / 2 * 2, bytes.count - at)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[at..<at + count]))
            at += count
            return count
        }
    }

    func close() {
        samples = []
        at = 0
    }
}
