import SpeechModel

/// What stands on the screen at one time.
struct Caption: Hashable {
    /// 1, 2, 3 … within the file.
    var number: Int
    /// Milliseconds from the start of the audio.
    var startMS: Int
    /// Milliseconds from the start of the audio; later than ``startMS``.
    var endMS: Int
    /// One or two lines of words, their texts free of white space at the ends and of line breaks.
    var lines: [[Word]]
    /// Who speaks, where that is known.
    var speaker: String?
}

/// Divides what was said into captions that can be read: at most two lines of 42 characters for at most 7 seconds, divided
/// between words, never two at the same time.
///
/// Source: Netflix, *English (USA) Timed Text Style Guide* (42 characters per line) and *Timed Text Style Guide: General
/// Requirements* (two lines, 7 seconds). A single word that is longer than a line stands alone on one.
struct CaptionSequence: Sendable {
    static let lineLimit = 42
    static let lineCount = 2
    static let durationLimitMS = 7000

    private var count = 0
    private var endMS = 0

    /// The captions for one utterance.
    ///
    /// - Parameter oneWordEach: a caption for every word.
    mutating func append(_ words: [Word], oneWordEach: Bool, speaker: String? = nil) -> [Caption] {
        var captions: [Caption] = []
        var lines: [[Word]] = []
        for word in words {
            var word = word
            word.text = singleLine(word.text)
            guard !word.text.isEmpty else { continue }
            if let first = lines.first?.first,
                oneWordEach || word.endMS - first.startMS > Self.durationLimitMS || !Self.add(word, to: &lines)
            {
                captions.append(finish(lines, speaker))
                lines = []
            }
            if lines.isEmpty { lines = [[word]] }
        }
        if !lines.isEmpty { captions.append(finish(lines, speaker)) }
        return captions
    }

    /// Puts `word` behind the others of a caption, unless it is full.
    private static func add(_ word: Word, to lines: inout [[Word]]) -> Bool {
        let used = lines[lines.count - 1].reduce(0) { $0 + $1.text.count + 1 }
        if used + word.text.count <= lineLimit {
            lines[lines.count - 1].append(word)
        } else if lines.count < lineCount {
            lines.append([word])
        } else {
            return false
        }
        return true
    }

    /// Times the caption: recognisers give overlapping and empty times, players want neither.
    private mutating func finish(_ lines: [[Word]], _ speaker: String?) -> Caption {
        let words = lines.joined()
        let start = max(words.reduce(Int.max) { min($0, $1.startMS) }, endMS)
        let end = min(words.reduce(0) { max($0, $1.endMS) }, start + Self.durationLimitMS)
        count += 1
        endMS = max(end, start + 1)
        return Caption(number: count, startMS: start, endMS: endMS, lines: lines, speaker: speaker)
    }
}

/// `HH:MM:SS` and three digits behind `separator`; as many hours as it takes.
func timestamp(_ milliseconds: Int, separator: Character) -> String {
    func digits(_ value: Int, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let seconds = milliseconds / 1000
    return digits(seconds / 3600, 2) + ":" + digits(seconds / 60 % 60, 2) + ":" + digits(seconds % 60, 2) + String(separator)
        + digits(milliseconds % 1000, 3)
}
