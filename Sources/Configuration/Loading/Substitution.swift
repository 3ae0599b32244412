/// Replaces `${NAME}` and `${NAME:default}` in a value of a file by environment variables. A variable that is empty counts as not
/// set; `$${` is a literal `${`.
func substituted(_ text: String, environment: [String: String]) throws(Rejection) -> String {
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
        result += rest[..<dollar]
        rest = rest[dollar...]
        if rest.hasPrefix("$${") {
            result += "${"
            rest = rest.dropFirst(3)
        } else if rest.hasPrefix("${") {
            guard let close = rest.firstIndex(of: "}") else {
                throw Rejection("`${` has no closing `}`; write `${NAME:default}`.")
            }
            let inside = rest[rest.index(rest.startIndex, offsetBy: 2)..<close]
            let name = String(inside.prefix { $0 != ":" })
            guard isVariableName(name) else {
                throw Rejection("`${\(name)}` does not name an environment variable; write `${NAME:default}`.")
            }
            if let value = environment[name], !value.isEmpty {
                result += value
            } else if inside.contains(":") {
                result += inside.dropFirst(name.count + 1)
            } else {
                throw Rejection("the environment variable \(name) is not set; set it or write `${\(name):default}`.")
            }
            rest = rest[rest.index(after: close)...]
        } else {
            result += "$"
            rest = rest.dropFirst()
        }
    }
    return result + rest
}

private func isVariableName(_ name: String) -> Bool {
    name.first?.isNumber == false
        && name.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0)) }
}
