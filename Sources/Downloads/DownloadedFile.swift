import Foundation
import SpeechModel

/// A file that was downloaded, or a part of it; nobody else downloads the same while this exists.
///
/// What it is a part of stands in a file beside it, so that a later run of the program can go on where this one ended.
public final class DownloadedFile {
    /// What the server said of the whole.
    struct Origin: Codable, Equatable {
        /// The server's name for exactly these bytes: an entity tag, or the time of their last change.
        var validator: String?
        var size: Int?
    }

    /// Where it is.
    public let path: String
    private let descriptor: CInt
    private(set) var origin = Origin()
    private(set) var count = 0

    private var originFile: String { path + ".json" }

    /// Opens what there is of a URL.
    init(of url: String, in folder: String) throws(SpeechError) {
        // The URL itself may hold a secret.
        path = "\(folder)/\(Self.hash(url)).part"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw Self.unwritable(folder, errno)
        }
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.unwritable(path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SpeechError(
                .unwritableFile, "The same is being downloaded by another process.", advice: "Wait until it is done, or end it.")
        }
        count = Int(lseek(descriptor, 0, SEEK_END))
        if let data = FileManager.default.contents(atPath: originFile),
            let origin = try? JSONDecoder().decode(Origin.self, from: data)
        {
            self.origin = origin
        }
    }

    deinit { close(descriptor) }

    /// Takes it off the disk.
    public func remove() {
        unlink(path)
        unlink(originFile)
    }

    /// Begins anew with what comes from here.
    func restart(_ origin: Origin) throws(SpeechError) {
        guard ftruncate(descriptor, 0) == 0 else { throw Self.unwritable(path, errno) }
        (self.origin, count) = (origin, 0)
        do {
            try JSONEncoder().encode(origin).write(to: URL(fileURLWithPath: originFile), options: .atomic)
        } catch {
            throw Self.unwritable(originFile, errno)
        }
    }

    /// Adds bytes at the end.
    func append(_ bytes: UnsafeRawBufferPointer) throws(SpeechError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = write(descriptor, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.unwritable(path, errno) }
            count += written
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// FNV-1a with 64 bits: the same in every run, which Swift's own hashes are not.
    private static func hash(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }

    private static func unwritable(_ path: String, _ error: CInt) -> SpeechError {
        SpeechError(
            .unwritableFile, "\(path) cannot be written: \(String(cString: strerror(error))).",
            advice: "See that there is room on the disk, and give yourself the right; or name another models.directory.")
    }
}
