/// The parameters in a URL's query.
enum QueryString {
    /// Splits a request target into its path and its decoded parameters (`application/x-www-form-urlencoded`: `+` is a space, as
    /// browsers write it). The first of equal names counts; a broken escape stays as it is.
    static func split(_ target: String) -> (path: String, query: [String: String]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (target, [:]) }
        var query: [String: String] = [:]
        for pair in parts[1].split(separator: "&") {
            let field = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = decode(field[0])
            if query[name] == nil { query[name] = field.count == 2 ? decode(field[1]) : "" }
        }
        return (String(parts[0]), query)
    }

    private static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), let escape = UInt8(hexadecimalDigits: rest.prefix(2)) {
                bytes.append(escape)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    /// The value of exactly two hexadecimal digits.
    fileprivate init?(hexadecimalDigits digits: Substring.UTF8View.SubSequence) {
        guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        self.init(Substring(digits), radix: 16)
    }
}
