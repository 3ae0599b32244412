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

    /// The bytes of a file, or nil where there is none by that name.
    public static func file(_ name: String, in folder: Folder) -> Data? {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
        return try? Data(
            contentsOf: Bundle.module.bundleURL.appendingPathComponent(folder.rawValue).appendingPathComponent(name))
    }
}
