public import Foundation

/// The browser client: plain ES modules without a build step, served as they lie in `Web/captions`.
public enum Web {
    /// The bytes of a file of the captions page, or nil where there is none by that name.
    public static func file(_ name: String) -> Data? {
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
        return try? Data(contentsOf: Bundle.module.bundleURL.appendingPathComponent("captions").appendingPathComponent(name))
    }
}
