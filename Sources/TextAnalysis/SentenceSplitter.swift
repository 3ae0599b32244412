/// Where a text can be parted to be spoken.
public enum SentenceSplitter {
    /// A voice that is given more at once keeps its listener waiting, and some models forget the end of it.
    private static let longest = 300
    private static let ends: Set<Character> = [".", "!", "?", "…", "。", "！", "？", "\n"]
    private static let pauses: Set<Character> = [",", ";", ":", "，", "；", "：", "、"]
    /// Abbreviations whose full stop ends nothing, in small letters.
    private static let abbreviations: Set<String> = [
        "dr", "mr", "mrs", "ms", "prof", "st", "vs", "etc", "e.g", "i.e", "no", "z.b", "ca",
    ]

    /// The sentences of `text`, none empty, with their punctuation. A long one is parted at a comma, else between words.
    public static func sentences(of text: String) -> [String] {
        var sentences: [String] = []
        var sentence = ""
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            sentence.append(character == "\n" ? " " : character)
            let next = characters.indices.contains(index + 1) ? characters[index + 1] : "\n"
            // “3.14” and “U.S.A.” go on.
            let isEnd =
                ends.contains(character) && (next.isWhitespace || !next.isASCII || character == "\n" || !character.isASCII)
            if isEnd, !(character == "." && endsWithAbbreviation(sentence)) {
                sentences += parts(of: sentence)
                sentence = ""
            }
        }
        return sentences + parts(of: sentence)
    }

    private static func endsWithAbbreviation(_ sentence: String) -> Bool {
        guard let word = sentence.dropLast().split(whereSeparator: \.isWhitespace).last else { return false }
        return word.count == 1 && word.first?.isLetter == true && word.first?.isUppercase == true && word != "I"
            || abbreviations.contains(word.lowercased())
    }

    private static func parts(of sentence: String) -> [String] {
        var rest = sentence.drop { $0.isWhitespace }[...]
        while rest.last?.isWhitespace == true { rest.removeLast() }
        var parts: [String] = []
        while rest.count > longest {
            let head = rest.prefix(longest)
            let end =
                head.lastIndex(where: pauses.contains) ?? head.lastIndex(where: \.isWhitespace)
                ?? head.index(before: head.endIndex)
            parts.append(String(rest[...end]))
            rest = rest[rest.index(after: end)...].drop { $0.isWhitespace }
        }
        // What cannot be spoken needs no voice.
        if !rest.isEmpty { parts.append(String(rest)) }
        return parts.filter { $0.contains { $0.isLetter || $0.isNumber } }
    }
}
