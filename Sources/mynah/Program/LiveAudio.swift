import AudioFiles
import Foundation
import SpeechModel
import SpeechPipeline

/// Audio as it comes, read by a thread of its own, in pieces of 20 ms.
struct LiveAudio: Sendable {
    /// Where it comes from.
    enum Input: Sendable {
        /// An ALSA device.
        case microphone(device: String)
        /// A file, delivered in real time.
        case file(path: String)
        /// Samples without a header on the standard input, as fast as they come.
        case standardInput(AudioFormat)
    }

    /// Pieces that wait: 60 s, in which the connection may stall before a microphone loses audio.
    private static let maxWaitingPieces = 3000

    /// What the pieces hold.
    let format: AudioFormat
    /// Whole frames, to the end of the input or until ``stop()``.
    let pieces: AsyncThrowingStream<[UInt8], any Error>
    private let output: Output

    /// Opens an input.
    ///
    /// - Throws: what `openAudio` throws, or `device-unavailable`.
    static func open(_ input: Input) async throws -> LiveAudio {
        let (pieces, continuation) = AsyncThrowingStream.makeStream(
            of: [UInt8].self, throwing: (any Error).self, bufferingPolicy: .bufferingOldest(maxWaitingPieces))
        let output = Output(pieces: continuation, cancellation: Cancellation())
        // Sources and devices belong to the thread that reads them, so that is where they are opened.
        let format = try await withCheckedThrowingContinuation { (opened: CheckedContinuation<AudioFormat, any Error>) in
            Thread.detachNewThread { output.run(input, opened: opened) }
        }
        return LiveAudio(format: format, pieces: pieces, output: output)
    }

    /// Ends the audio here; what was read is still delivered. Any thread may stop.
    func stop() { output.stop() }

    private struct Output: Sendable {
        let pieces: AsyncThrowingStream<[UInt8], any Error>.Continuation
        let cancellation: Cancellation

        func stop() {
            pieces.finish()
            cancellation.cancel()
        }

        func run(_ input: Input, opened: CheckedContinuation<AudioFormat, any Error>) {
            switch input {
            case .microphone(let device):
                open(opened) { () throws(SpeechError) in try Microphone(device: device) } format: {
                    $0.format
                } read: { (microphone: Microphone) throws(SpeechError) in
                    // Nobody can make a microphone wait: what does not fit is lost.
                    while send(try microphone.read(), mayWait: false) {}
                }
            case .file(let path):
                open(opened) { () throws(SpeechError) in try source(path, rawFormat: nil) } format: {
                    $0.format
                } read: { (source: any AudioSource) throws(SpeechError) in
                    try read(source, inRealTime: true)
                }
            case .standardInput(let format):
                open(opened) { () throws(SpeechError) in try source("-", rawFormat: format) } format: {
                    $0.format
                } read: { (source: any AudioSource) throws(SpeechError) in
                    try read(source, inRealTime: false)
                }
            }
        }

        /// Opens, tells the format, reads to the end.
        private func open<Source>(
            _ opened: CheckedContinuation<AudioFormat, any Error>, _ open: () throws(SpeechError) -> Source,
            format: (Source) -> AudioFormat, read: (Source) throws(SpeechError) -> Void
        ) {
            let source: Source
            do {
                source = try open()
            } catch {
                return opened.resume(throwing: error)
            }
            opened.resume(returning: format(source))
            do {
                try read(source)
                pieces.finish()
            } catch {
                pieces.finish(throwing: error)
            }
        }

        private func source(_ path: String, rawFormat: AudioFormat?) throws(SpeechError) -> any AudioSource {
            try openAudio(
                path: path, rawFormat: rawFormat, settings: DecoderSettings(selfExecutable: "/proc/\(getpid())/exe"),
                cancellation: cancellation)
        }

        private func read(_ source: any AudioSource, inRealTime: Bool) throws(SpeechError) {
            defer { source.close() }
            let format = source.format
            var piece = [UInt8](repeating: 0, count: format.sampleRate / 50 * format.bytesPerFrame)
            let start = ContinuousClock.now
            var frames = 0
            while true {
                let count = try readPiece(source, into: &piece)
                guard count > 0 else { return }
                frames += count / format.bytesPerFrame
                if inRealTime {
                    // A microphone delivers a piece when its last sample was heard.
                    let due = start + .seconds(Double(frames) / Double(format.sampleRate))
                    Thread.sleep(forTimeInterval: max(0, ContinuousClock.now.duration(to: due) / .seconds(1)))
                }
                guard send(Array(piece[..<count]), mayWait: true) else { return }
            }
        }

        private func readPiece(_ source: any AudioSource, into piece: inout [UInt8]) throws(SpeechError) -> Int {
            // The closure of `withUnsafeMutableBytes` carries the typed error out.
            try piece.withUnsafeMutableBytes { (buffer) throws(SpeechError) in try source.read(into: buffer) }
        }

        /// Hands over a piece.
        ///
        /// - Returns: whether to go on.
        private func send(_ piece: [UInt8], mayWait: Bool) -> Bool {
            while true {
                switch pieces.yield(piece) {
                case .enqueued: return true
                case .dropped where mayWait: Thread.sleep(forTimeInterval: 0.02)
                case .dropped: return true
                case .terminated: return false
                @unknown default: return false
                }
            }
        }
    }
}
