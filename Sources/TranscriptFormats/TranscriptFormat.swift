/// The forms in which a transcript is written; the raw value is its name on the command line and in queries.
public enum TranscriptFormat: String, Sendable, CaseIterable {
    /// One line per utterance.
    case text
    /// One object with text, segments and words.
    case json
    /// SubRip captions.
    case srt
    /// WebVTT captions.
    case vtt
    /// A table: start and end in milliseconds, text.
    case tsv

    /// What file names of this format end in, without the dot.
    public var fileExtension: String { self == .text ? "txt" : rawValue }
}
