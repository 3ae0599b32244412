import SessionMirror
import SpeechModel

/// What a session told its client that the client may ask for again.
struct SessionResults {
    /// Finals that are kept.
    private static let limit = 2000

    private var finals: [FinalResult] = []
    /// Before this sample, at the client's rate, everything is in finals or was silence.
    var finalisedThrough = 0
    /// The number of the last final; 0 before the first.
    private(set) var lastSequence = 0

    init() {}

    /// What another server told.
    init(_ session: SessionMirror.Session) {
        finals = session.finals.map(\.final.result)
        lastSequence = session.lastSequence
        finalisedThrough = session.finalisedThrough
    }

    mutating func append(_ final: FinalResult) {
        finals.append(final)
        lastSequence = final.sequence
        if finals.count > Self.limit { finals.removeFirst(finals.count - Self.limit) }
    }

    /// Everything that a client which has the finals up to `sequence` has not heard.
    func missed(after sequence: Int) -> [TranscriptEvent] {
        let missed = finals.filter { $0.sequence > sequence }.map { TranscriptEvent.final($0) }
        return finalisedThrough > 0 ? missed + [.finalised(throughInputSample: finalisedThrough)] : missed
    }
}
