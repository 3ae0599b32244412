import Foundation
import SpeechModel
import Synchronization
import TranscriptFormats

/// Where one transcript goes.
protocol TranscriptOutput {
    func write(_ text: String) throws(SpeechError)
    func finish() throws(SpeechError)
}

/// A file that appears only when it is whole.
final class TranscriptFile: TranscriptOutput {
    private let path: String
    private let handle: FileHandle
    private var isFinished = false

    /// The file in `directory` that is named after the input at `path`.
    static func path(for path: String, in directory: String, format: TranscriptFormat) -> String {
        let name = path == "-" ? "stdin" : URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        return URL(fileURLWithPath: directory).appendingPathComponent("\(name).\(format.fileExtension)").path
    }

    /// Opens ``path(for:in:format:)``.
    init(path: String, directory: String, format: TranscriptFormat) throws(SpeechError) {
        self.path = Self.path(for: path, in: directory, format: format)
        guard FileManager.default.createFile(atPath: self.path + ".partial", contents: nil),
            let handle = FileHandle(forWritingAtPath: self.path + ".partial")
        else {
            throw SpeechError(
                .unwritableFile, "\(self.path) cannot be written.", advice: "Check the folder's rights and the disk's room.")
        }
        self.handle = handle
    }

    /// What is not whole must not lie around.
    deinit { if !isFinished { unlink(path + ".partial") } }

    func write(_ text: String) throws(SpeechError) { try writeTranscript(text, to: handle, named: " to \(path)") }

    func finish() throws(SpeechError) {
        do {
            try handle.close()
            if rename(path + ".partial", path) != 0 { throw CocoaError(.fileWriteUnknown) }
            isFinished = true
        } catch {
            throw SpeechError(
                .unwritableFile, "\(path) cannot be completed.", advice: "Free room on the disk.", underlying: error)
        }
    }
}

/// The standard output, on which the transcripts of files that are worked on at the same time appear one after the other, in the order
/// of the files. The first unfinished one is written as it comes, the others wait in memory.
final class OutputOrder: Sendable {
    private struct State {
        var current = 0
        var finished: Set<Int> = []
        var waiting: [Int: String] = [:]
    }
    private let state = Mutex(State())

    /// The output of the file with this index. What cannot be written is thrown to whoever writes it.
    func output(_ index: Int) -> any TranscriptOutput { Place(order: self, index: index) }

    /// Nothing more will come from the file with this index. Writes what waited for it, and throws what cannot be written: whose text
    /// it is may have ended long ago.
    func finish(_ index: Int) throws(SpeechError) {
        let result = state.withLock { state in
            state.finished.insert(index)
            var result = Result<Void, SpeechError>.success(())
            while state.finished.remove(state.current) != nil {
                state.current += 1
                guard let text = state.waiting.removeValue(forKey: state.current) else { continue }
                let written = Result { () throws(SpeechError) in try Self.write(text) }
                if case .success = result { result = written }
            }
            return result
        }
        try result.get()
    }

    private struct Place: TranscriptOutput {
        let order: OutputOrder
        let index: Int

        func write(_ text: String) throws(SpeechError) {
            let result = order.state.withLock { state in
                guard index == state.current else {
                    state.waiting[index, default: ""] += text
                    return Result<Void, SpeechError>.success(())
                }
                return Result { () throws(SpeechError) in try OutputOrder.write(text) }
            }
            try result.get()
        }

        func finish() {}
    }

    private static func write(_ text: String) throws(SpeechError) {
        try writeTranscript(text, to: .standardOutput, named: "")
    }
}

private func writeTranscript(_ text: String, to handle: FileHandle, named name: String) throws(SpeechError) {
    do {
        try handle.write(contentsOf: Data(text.utf8))
    } catch {
        throw SpeechError(
            .unwritableFile, "The transcript cannot be written\(name).",
            advice: "Free room on the disk, or choose another folder with -o.", underlying: error)
    }
}
