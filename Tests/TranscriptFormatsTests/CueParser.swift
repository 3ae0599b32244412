/// A small parser of captions that knows nothing of how ours are written: blocks divided by empty lines.
struct ParsedCue: Hashable {
    var number: Int?
    var startMS: Int
    var endMS: Int
    var lines: [String]

    /// Parses SubRip (`separator` is a comma) or the cues of WebVTT (a full stop); `nil` when any block is malformed.
    static func parse(_ text: String, separator: Character) -> [ParsedCue]? {
        var cues: [ParsedCue] = []
        for block in text.split(separator: "\n", omittingEmptySubsequences: false).split(separator: "") {
            var lines = Array(block)
            if lines == ["WEBVTT"] { continue }
            var cue = ParsedCue(number: nil, startMS: 0, endMS: 0, lines: [])
            if let number = Int(lines[0]) {
                cue.number = number
                lines.removeFirst()
            }
            let times = lines.removeFirst().split(separator: " --> ").map { milliseconds($0, separator) }
            guard times.count == 2, let start = times[0], let end = times[1], !lines.isEmpty else { return nil }
            cue.startMS = start
            cue.endMS = end
            cue.lines = lines.map(String.init)
            cues.append(cue)
        }
        return cues
    }

    private static func milliseconds(_ text: Substring, _ separator: Character) -> Int? {
        let halves = text.split(separator: separator)
        let parts = halves[0].split(separator: ":")
        guard halves.count == 2, halves[1].count == 3, parts.count == 3, parts[1].count == 2, parts[2].count == 2,
            parts[0].count >= 2,
            let hours = Int(parts[0]), let minutes = Int(parts[1]), let seconds = Int(parts[2]), let rest = Int(halves[1]),
            minutes < 60, seconds < 60
        else { return nil }
        return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
    }
}
