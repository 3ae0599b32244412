public import SpeechModel

/// A tar archive, as it is or compressed by gzip, bzip2, xz or zstd, or a zip archive. What a file is tells its content, not its name.
public struct Archive: Sendable {
    /// The file.
    public let path: String

    /// Names a file that may be an archive.
    public init(_ path: String) { self.path = path }

    /// Whether it is an archive of these kinds, whole or not.
    public var isArchive: Bool {
        get throws(SpeechError) { try ArchiveReader(path).recognises() }
    }

    /// Writes everything that it holds below a folder, which must exist and be empty.
    ///
    /// Names and links that lead out of the folder are refused, and what is neither a file, a folder nor a link. When it throws, a part
    /// may have been written; nothing of it is outside.
    ///
    /// - Throws: ``ErrorCode/brokenModel``, when it is damaged, refused, or past the limits; ``ErrorCode/unwritableFile``, when there is
    ///   no room.
    public func unpack(to folder: String, limits: ArchiveLimits) throws(SpeechError) {
        let reader = try ArchiveReader(path)
        var unpacking = Unpacking(of: path, to: folder, limits: limits)
        while let entry = try reader.next() { try unpacking.take(entry, from: reader) }
        try unpacking.finish()
    }
}
