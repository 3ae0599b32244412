import SpeechModel

/// Tab-separated values (IANA `text/tab-separated-values`), times in milliseconds; tabs, line breaks and backslashes inside a
/// field are written `\t`, `\n`, `\r`, `\\`.
enum TabSeparated {
    static func row(startMS: Int, endMS: Int, fields: [String]) -> String {
        (["\(startMS)", "\(endMS)"] + fields.map(escaped)).joined(separator: "\t") + "\n"
    }

    /// The row of one word.
    static func row(_ word: Word) -> String {
        row(startMS: word.startMS, endMS: word.endMS, fields: ["\(rounded(word.confidence))", word.text])
    }

    private static func escaped(_ text: String) -> String {
        // By scalars: a carriage return and a line feed together are one character.
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\\": result += "\\\\"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
