public import Foundation

/// The browser side: plain ES modules without a build step, served as they lie in the folders of `Web/`.
public enum Web {
    /// A folder of files that are served.
    public enum Folder: String, Sendable {
        /// The captions page.
        case captions
        /// The API reference.
        case reference
    }

    /// Where the folders are: beside the program, or in `share/mynah` of the folder that it is installed in; nil when in neither.
    ///
    /// `Bundle.module`, which stands for the same, ends the process when it finds nothing.
    public static let directory: URL? = {
        let program = Bundle.main.bundleURL
        return [program, program.deletingLastPathComponent().appendingPathComponent("share/mynah")]
            .map { $0.appendingPathComponent("mynah_Web.resources") }
            .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("captions/index.html").path) }
    }()

    /// The bytes of a file, or nil where there is none by that name.
    public static func file(_ name: String, in folder: Folder) -> Data? {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("."), let directory else { return nil }
        return try? Data(contentsOf: directory.appendingPathComponent(folder.rawValue).appendingPathComponent(name))
    }
}
