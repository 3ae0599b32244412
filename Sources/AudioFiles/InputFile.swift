import Glibc
import SpeechModel

/// An open file, pipe or device that is read from front to back; its first bytes can be looked at beforehand.
final class InputFile {
    /// The open descriptor.
    let fileDescriptor: CInt
    /// What error messages call it.
    let name: String
    /// Bytes in a regular file; `nil` for a pipe or a device.
    let size: UInt64?
    let idleMilliseconds: Int
    let cancellation: Cancellation?
    private let isOwned: Bool
    private var isClosed = false
    /// Bytes that were looked at and not yet read.
    private var ahead: ArraySlice<UInt8> = []

    /// Opens `path`; `-` is the standard input, which stays open afterwards. Messages call it by `shownName`, if there is one.
    init(path: String, shownName: String? = nil, idleMilliseconds: Int, cancellation: Cancellation?) throws(SpeechError) {
        isOwned = path != "-"
        name = shownName ?? (isOwned ? path : "the standard input")
        self.idleMilliseconds = idleMilliseconds
        self.cancellation = cancellation
        // Without O_NONBLOCK opening a FIFO blocks until somebody opens its other end, beyond the reach of any time-out.
        fileDescriptor = isOwned ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : STDIN_FILENO
        guard fileDescriptor >= 0 else {
            throw SpeechError(
                .unreadableFile, "\(name) cannot be opened: \(String(cString: strerror(errno))).",
                advice: errno == ENOENT ? "Check the spelling of the path." : "Check who may read it.")
        }
        var status = stat()
        fstat(fileDescriptor, &status)
        let kind = status.st_mode & S_IFMT
        size = kind == S_IFREG ? UInt64(status.st_size) : nil
        guard kind != S_IFDIR else {
            close()
            throw SpeechError(
                .unreadableFile, "\(name) is a directory.", advice: "Name the files in it, for instance \(name)/*.wav.")
        }
    }

    /// Looks at the unread bytes without reading them: at least `count`, fewer only at the end.
    func peek(_ count: Int) throws(SpeechError) -> ArraySlice<UInt8> {
        while ahead.count < count {
            let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: AudioFileKind.prefixLength, alignment: 1)
            defer { chunk.deallocate() }
            let received = try readDescriptor(into: chunk)
            if received == 0 { break }
            ahead += chunk[..<received]
        }
        return ahead
    }

    /// Whether bytes that were looked at are still unread: then ``read(into:)`` does not block.
    var hasPeeked: Bool { !ahead.isEmpty }

    /// Reads `count` of the bytes that were looked at and forgets them.
    func skip(_ count: Int) {
        ahead = ahead.count == count ? [] : ahead.dropFirst(count)
    }

    /// Reads what there is, blocking until there is something.
    ///
    /// - Returns: how many bytes were written into `buffer`; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        guard ahead.isEmpty else {
            let count = min(ahead.count, buffer.count)
            buffer.copyBytes(from: ahead.prefix(count))
            skip(count)
            return count
        }
        return try readDescriptor(into: buffer)
    }

    private func readDescriptor(into buffer: UnsafeMutableRawBufferPointer) throws(SpeechError) -> Int {
        while !isClosed {
            _ = try waitUntilReady(
                (watched(fileDescriptor, for: POLLIN), unwatched, unwatched, unwatched), idleMilliseconds: idleMilliseconds,
                cancellation: cancellation, name: name)
            let count = Glibc.read(fileDescriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR || errno == EAGAIN else {
                throw SpeechError(
                    .unreadableFile, "\(name) cannot be read: \(String(cString: strerror(errno))).",
                    advice: "Check the medium or the connection that it lies on.")
            }
        }
        return 0
    }

    func close() {
        if isOwned && !isClosed { Glibc.close(fileDescriptor) }
        isClosed = true
    }

    deinit { close() }
}
