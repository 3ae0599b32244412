/// A language as messages and topics name it: two letters of ISO 639-1, or `unknown`.
public struct LanguageCode: Hashable, Sendable, CustomStringConvertible {
    /// For speech whose language nobody told or found.
    public static let unknown = LanguageCode(checked: "unknown")
    static let pattern = "^([a-z]{2}|unknown)$"

    public let description: String

    /// Takes the language of a tag, `en` of `en-US`; what has no two letters in front is ``unknown``.
    public init(_ tag: String) {
        let language = tag.prefix { $0 != "-" && $0 != "_" }.lowercased()
        let isCode =
            language.utf8.count == 2 && language.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        self.init(checked: isCode ? language : "unknown")
    }

    private init(checked: String) { description = checked }
}
