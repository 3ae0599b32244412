import AudioFiles
import SpeechModel
import SpeechPipeline

/// A recording of which the first speech is looked at before it is read: its language has to be known before its words.
final class SpokenBeginning: AudioSource {
    /// What Whisper hears at once.
    private static let speechSeconds = 30
    /// In a recording in which nobody speaks for so long, the language is what there was until then.
    private static let mostSeconds = 300
    /// Pauses up to so many windows, a third of a second, belong to speech.
    private static let pauseWindows = 10

    /// 16 kHz, mono: without long pauses, up to half a minute.
    private(set) var speech: [Int16] = []
    private let rest: any AudioSource
    private var bytes: [UInt8] = []
    private var at = 0

    init(_ source: any AudioSource, detector: any VoiceActivityDetector) throws(SpeechError) {
        rest = source
        let recording = Recording(source.format)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: source.format.sampleRate * source.format.bytesPerFrame, alignment: 16)
        defer { buffer.deallocate() }
        var (looked, quiet) = (0, Self.pauseWindows)
        var isOver = false
        while !isOver, speech.count < Self.speechSeconds * SampleTime.rate, looked < Self.mostSeconds * SampleTime.rate {
            let count = try source.read(into: buffer)
            isOver = count == 0
            bytes += UnsafeRawBufferPointer(rebasing: buffer[..<count])
            try recording.keep(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            let samples = isOver ? recording.samples() : recording.samplesSoFar
            while looked + VoiceActivityWindow.samples <= samples.count {
                let window = samples[looked..<looked + VoiceActivityWindow.samples]
                let isSpeech = window.map { Float($0) / 32768 }.withUnsafeBufferPointer { detector.isSpeech($0) }
                quiet = isSpeech ? 0 : quiet + 1
                if quiet < Self.pauseWindows { speech += window }
                looked += VoiceActivityWindow.samples
            }
        }
    }

    var format: AudioFormat { rest.format }
    var expectedDurationSeconds: Double? { rest.expectedDurationSeconds }
    var warnings: [String] { rest.warnings }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        guard at < bytes.count else { return try rest.read(into: buffer) }
        let count = min(buffer.count / format.bytesPerFrame * format.bytesPerFrame, bytes.count - at)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[at..<at + count])) }
        at += count
        if at == bytes.count { (bytes, at) = ([], 0) }
        return count
    }

    func close() { rest.close() }
}
