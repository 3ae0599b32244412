import SpeechModel

/// SubRip, as players read it: number, times with a comma, lines, an empty line.
enum SubRip {
    static func cue(_ caption: Caption) -> String {
        let text = caption.lines.map { $0.map(\.text).joined(separator: " ") }.joined(separator: "\n")
        // The format has no way of its own to say who speaks; people write it like this.
        let speaker = caption.speaker.map { "\($0): " } ?? ""
        return """
            \(caption.number)
            \(timestamp(caption.startMS, separator: ",")) --> \(timestamp(caption.endMS, separator: ","))
            \(speaker)\(text)


            """
    }
}
