import SpeechModel

/// W3C, *WebVTT: The Web Video Text Tracks Format*, §4.
enum WebVTT {
    /// One cue with the empty line in front of it.
    ///
    /// - Parameter showsWords: puts a time stamp in front of every word but the first; players show the words so far.
    static func cue(_ caption: Caption, showsWords: Bool) -> String {
        // A time stamp inside a cue must be later than those before it and lie within the cue (§4.2.2).
        var latest = caption.startMS
        func written(_ word: Word) -> String {
            guard showsWords, word.startMS > latest, word.startMS < caption.endMS else { return escaped(word.text) }
            latest = word.startMS
            return "<\(timestamp(latest, separator: "."))>" + escaped(word.text)
        }
        let text = caption.lines.map { $0.map(written).joined(separator: " ") }.joined(separator: "\n")
        return """

            \(timestamp(caption.startMS, separator: ".")) --> \(timestamp(caption.endMS, separator: "."))
            \(caption.speaker.map { "<v \(escaped($0))>" } ?? "")\(text)

            """
    }

    /// `&` and `<` begin markup, and `-->` may not occur.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
    }
}
