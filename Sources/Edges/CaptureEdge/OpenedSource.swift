import AudioFiles
import SpeechModel
import SpeechPipeline

/// Any source, read as a live one where it is one.
struct OpenedSource {
    /// How often a wait for a device looks whether the loop is to end, in ms.
    private static let pollMS = 100

    private let source: any AudioSource
    /// Found out once, not with each read.
    private let live: (any LiveSource)?

    init(_ source: any AudioSource) {
        self.source = source
        live = source as? any LiveSource
    }

    var format: AudioFormat { source.format }

    /// - Returns: `.audio` of no bytes at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> LiveRead {
        if let live { return try live.read(into: buffer, waitingAtMostMS: Self.pollMS) }
        return .audio(byteCount: try source.read(into: buffer))
    }

    func close() { source.close() }
}
