public import SpeechModel

/// Writes finals in one ``TranscriptFormat``, piece by piece: what ``header``, ``append(_:)`` and ``finish(_:)`` return, one after
/// the other, is the file. Every format but JSON, whose `text` comes as a whole, is written as the finals come, in constant memory.
public struct TranscriptWriter: Sendable {
    private let format: TranscriptFormat
    private let showsWords: Bool
    private var captions = CaptionSequence()
    /// Kept for JSON only.
    private var finals: [FinalResult] = []

    /// Makes a writer.
    ///
    /// - Parameter showsWords: tells the time of every word: a row (TSV) or a caption (SRT) of its own, time stamps inside the
    ///   captions (WebVTT). JSON always has them, text never.
    public init(format: TranscriptFormat, showsWords: Bool = false) {
        self.format = format
        self.showsWords = showsWords
    }

    /// What stands in front of the first final.
    public var header: String {
        switch format {
        case .text, .json, .srt: ""
        case .vtt: "WEBVTT\n"
        case .tsv: showsWords ? "start\tend\tconfidence\tword\n" : "start\tend\ttext\n"
        }
    }

    /// The text to write for one more final; empty when nothing was said in it.
    public mutating func append(_ final: FinalResult) -> String {
        guard !final.hypothesis.words.isEmpty else { return "" }
        switch format {
        case .text:
            return (final.hypothesis.speaker.map { "\($0): " } ?? "") + singleLine(final.hypothesis.text) + "\n"
        case .json:
            finals.append(final)
            return ""
        case .srt:
            let cues = captions.append(final.hypothesis.words, oneWordEach: showsWords, speaker: final.hypothesis.speaker)
            return cues.map(SubRip.cue).joined()
        case .vtt:
            let cues = captions.append(final.hypothesis.words, oneWordEach: false, speaker: final.hypothesis.speaker)
            return cues.map { WebVTT.cue($0, showsWords: showsWords) }.joined()
        case .tsv:
            return showsWords
                ? final.hypothesis.words.map(TabSeparated.row).joined()
                : TabSeparated.row(startMS: final.startMS, endMS: final.endMS, fields: [final.hypothesis.text])
        }
    }

    /// What stands behind the last final.
    public func finish(_ summary: TranscriptSummary) -> String {
        format == .json ? TranscriptDocument(finals: finals, summary: summary).encoded() : ""
    }
}

/// `text` with every run of white space and control characters as one space, so that it cannot break a line-based format.
func singleLine(_ text: String) -> String {
    text.split { character in
        character.isWhitespace || character.unicodeScalars.allSatisfy { $0.properties.generalCategory == .control }
    }.joined(separator: " ")
}
