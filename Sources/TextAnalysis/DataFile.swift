import FoundationEssentials
import SpeechModel

/// The one place that reads from disk.
enum DataFile {
    /// No data file is larger (bytes): the largest that setup makes has half a megabyte.
    static let limit = 4 << 20

    /// The whole file.
    static func read(_ path: String) throws(SpeechError) -> Data {
        do {
            let size = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64) ?? 0
            if size <= limit { return try Data(contentsOf: URL(filePath: path)) }
        } catch {
            throw broken(path, "cannot be read", underlying: error)
        }
        throw broken(path, "is larger than \(limit >> 20) MB")
    }

    /// The error for a data file that is not what it should be.
    static func broken(_ path: String, _ fault: String, underlying: (any Error)? = nil) -> SpeechError {
        SpeechError(
            .brokenModel, "The data file \(path) \(fault).",
            advice: "Run `Scripts/setup` to install it again.", underlying: underlying)
    }
}
