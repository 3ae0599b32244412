public import SpeechModel

/// Makes what is published of a session's results: adds language and sentiment, and watches over the numbers.
///
/// The numbers are those of ``FinalResult/sequence``: a final that was published before (a takeover tells the last ones again)
/// is not published twice, and a number that was left out is counted in ``missingNumbers``; the final that shows it is
/// published all the same, because a listener can ask for what is missing, but not for what it never hears of.
public struct TranscriptFeed: Sendable {
    /// Finds out the language and the sentiment of a text (first) of which a language is expected (second, ISO 639-1).
    public typealias Annotate = @Sendable (String, String?) -> TextAnnotation

    /// Whose results they are.
    public let source: TranscriptSource
    /// The number of the last final that was published; 0 before the first.
    public private(set) var lastSequence: Int
    /// Finals that were not published, because their number was before.
    public private(set) var repeatedFinals = 0
    /// Numbers that were never seen: always 0 unless something is broken.
    public private(set) var missingNumbers = 0

    private let annotate: Annotate
    private var lastLanguage: String?

    /// Begins a feed; `lastSequence` is the number of the last final that somebody else published already.
    public init(source: TranscriptSource, lastSequence: Int = 0, annotate: @escaping Annotate) {
        self.source = source
        self.lastSequence = lastSequence
        self.annotate = annotate
    }

    /// What is to be published of a final; nil when it was published before. Takes as long as the annotation, which is the
    /// stage `language`: mark it in the result's timeline afterwards.
    public mutating func transcript(of final: FinalResult, timeline: StageTimeline) -> PublishedTranscript? {
        guard final.sequence > lastSequence else {
            repeatedFinals += 1
            return nil
        }
        missingNumbers += final.sequence - lastSequence - 1
        lastSequence = final.sequence
        let annotation = annotate(final.hypothesis.text, final.hypothesis.language ?? source.expectedLanguage)
        lastLanguage = annotation.language
        return PublishedTranscript(
            source: source, sequenceNumber: final.sequence, hypothesis: final.hypothesis, startMS: final.startMS,
            endMS: final.endMS, annotation: annotation, timeline: timeline)
    }

    /// What is to be published of a partial. Its text is not examined: it is taken to be in the expected language, or else in
    /// that of the last final.
    public func transcript(of partial: PartialResult, timeline: StageTimeline) -> PublishedTranscript {
        PublishedTranscript(
            source: source, sequenceNumber: nil, hypothesis: Hypothesis(words: partial.stable + partial.unstable),
            startMS: partial.startMS, endMS: partial.endMS,
            annotation: .unexamined(expecting: source.expectedLanguage ?? lastLanguage), timeline: timeline)
    }
}
