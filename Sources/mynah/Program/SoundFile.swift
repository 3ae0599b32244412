import AudioFiles
import Foundation
import SpeechModel

/// Where the audio goes. Its length is written at the end, where that is possible.
final class SoundFile {
    private let path: String
    private let descriptor: CInt
    private let sampleRate: Int
    private let isRaw: Bool
    /// Where the header is, if it can be written again: not in a pipe.
    private let start: Int?
    private var samples = 0

    /// Refuses a terminal.
    static func check(_ path: String) throws(SpeechError) {
        guard path == "-", Terminal.output.isTerminal else { return }
        throw SpeechError(
            .invalidParameter, "Audio is not written to a terminal.", advice: "Name a file with -o, or pipe it: … | aplay")
    }

    init(_ path: String, sampleRate: Int, isRaw: Bool) throws(SpeechError) {
        self.path = path
        self.sampleRate = sampleRate
        self.isRaw = isRaw
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.unwritable(path) }
        // What others have written to the same file stays as it is.
        let place = lseek(descriptor, 0, SEEK_CUR)
        start = place >= 0 && fcntl(descriptor, F_GETFL) & O_APPEND == 0 ? place : nil
        if !isRaw { try write(bytes: WAVWriter.header(sampleRate: sampleRate, samples: nil)) }
    }

    var seconds: Double { Double(samples) / Double(sampleRate) }

    func write(_ samples: [Int16]) throws(SpeechError) {
        self.samples += samples.count
        try write(bytes: WAVWriter.bytes(samples))
    }

    func finish() throws(SpeechError) {
        guard !isRaw, let start else { return }
        let header = WAVWriter.header(sampleRate: sampleRate, samples: samples)
        guard pwrite(descriptor, header, header.count, start) == header.count else { throw Self.unwritable(path) }
    }

    private func write(bytes: [UInt8]) throws(SpeechError) {
        var at = 0
        while at < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + at, $0.count - at) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.unwritable(path) }
            at += count
        }
    }

    private static func unwritable(_ path: String) -> SpeechError {
        SpeechError(
            .unwritableFile,
            "\(path == "-" ? "The standard output" : path) cannot be written: \(String(cString: strerror(errno))).",
            advice: "See that there is room, and that you have the right; or choose another with -o.")
    }
}
