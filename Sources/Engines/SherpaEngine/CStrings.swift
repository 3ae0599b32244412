import Glibc

/// C strings that live until this does, for the configuration structures of the native library.
final class CStrings {
    private var strings: [String: UnsafeMutablePointer<CChar>] = [:]

    deinit { for string in strings.values { free(string) } }

    /// A copy of `text`; nil for nil, which the library reads as “not given”.
    func add(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text else { return nil }
        if strings[text] == nil { strings[text] = strdup(text) }
        return strings[text].map { UnsafePointer($0) }
    }
}
