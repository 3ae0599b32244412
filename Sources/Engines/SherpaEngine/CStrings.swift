import Glibc

/// C strings that live until this does, for the configuration structures of the native library.
final class CStrings {
    private var strings: [UnsafeMutablePointer<CChar>] = []

    deinit { for string in strings { free(string) } }

    /// A copy of `text`; nil for nil, which the library reads as “not given”.
    func add(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text, let copy = strdup(text) else { return nil }
        strings.append(copy)
        return UnsafePointer(copy)
    }
}
