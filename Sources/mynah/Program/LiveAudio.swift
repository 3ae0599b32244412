import AudioFiles
import CaptureEdge
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
            let source: any AudioSource
            do {
                source = try open(input)
            } catch {
                return opened.resume(throwing: error)
            }
            defer { source.close() }
            opened.resume(returning: source.format)
            do {
                try read(source, input)
                pieces.finish()
            } catch {
                pieces.finish(throwing: error)
            }
        }

        private func open(_ input: Input) throws(SpeechError) -> any AudioSource {
            // This very program, also when its file was replaced meanwhile.
            let settings = DecoderSettings(selfExecutable: "/proc/\(getpid())/exe")
            switch input {
            case .microphone(let device): return try Microphone(device: device)
            case .file(let path): return try openAudio(path: path, settings: settings, cancellation: cancellation)
            case .standardInput(let format):
                return try openAudio(path: "-", rawFormat: format, settings: settings, cancellation: cancellation)
            }
        }

        private func read(_ source: any AudioSource, _ input: Input) throws(SpeechError) {
            let format = source.format
            let piece = UnsafeMutableRawBufferPointer.allocate(
                byteCount: format.sampleRate / 50 * format.bytesPerFrame, alignment: MemoryLayout<Float>.alignment)
            defer { piece.deallocate() }
            let start = ContinuousClock.now
            var frames = 0
            while true {
                let count = try source.read(into: piece)
                guard count > 0 else { return }
                frames += count / format.bytesPerFrame
                if case .file = input {
                    // A microphone delivers a piece when its last sample was heard.
                    let due = start + .seconds(Double(frames) / Double(format.sampleRate))
                    Thread.sleep(forTimeInterval: max(0, ContinuousClock.now.duration(to: due) / .seconds(1)))
                }
                // Nobody can make a microphone wait: what does not fit is lost.
                let mayWait = if case .microphone = input { false } else { true }
                guard send(Array(piece[..<count]), mayWait: mayWait) else { return }
            }
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
