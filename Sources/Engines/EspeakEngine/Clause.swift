import Foundation

/// A part of a sentence, up to a punctuation mark.
struct Clause: Equatable {
    var text: String
    /// `,`, `;`, `:`, `.`, `?` or `!`; empty where there is none.
    var mark: String

    /// Marks, and what they are to voices: of Chinese and Japanese the full-width ones.
    private static let marks: [Character: String] = [
        ",": ",", ";": ";", ":": ":", ".": ".", "?": "?", "!": "!", "…": ".",
        "，": ",", "、": ",", "；": ";", "：": ":", "。": ".", "？": "?", "！": "!",
    ]

    /// Parts a sentence. A mark within a word or a number ends nothing, and a full stop only the whole: others are of abbreviations.
    static func clauses(of sentence: String) -> [Clause] {
        var clauses: [Clause] = []
        var text = ""
        func end(_ mark: String) {
            if text.contains(where: { $0.isLetter || $0.isNumber }) {
                clauses.append(Clause(text: text.trimmingCharacters(in: .whitespacesAndNewlines), mark: mark))
            }
            text = ""
        }
        let characters = Array(sentence.trimmingCharacters(in: .whitespacesAndNewlines))
        for (index, character) in characters.enumerated() {
            let isLast = index + 1 == characters.count
            if let mark = marks[character],
                isLast || !character.isASCII || character != "." && characters[index + 1].isWhitespace
            {
                end(mark)
            } else {
                text.append(character)
            }
        }
        end("")
        return clauses
    }
}
