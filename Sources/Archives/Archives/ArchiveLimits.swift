/// What an archive may grow to when it is unpacked.
public struct ArchiveLimits: Sendable {
    /// Files, folders and links in it: the largest voices have some hundreds.
    public var entries = 20_000
    /// Bytes of all files together.
    public var bytes: Int
    /// How many times as large as the archive its files may be. Weights hardly shrink, texts by ten; more is a trap.
    public var ratio = 200
    /// Smaller ones may grow as they like.
    static let unlimitedRatioBytes = 16 << 20

    /// Limits to the room that there is.
    public init(bytes: Int) { self.bytes = bytes }
}
