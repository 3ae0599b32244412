import PipelineFeed
import SpeechModel

/// What a session is about to tell, in order. What must outlive this server first waits until it does, and all that follows behind it.
struct Outbox {
    /// One thing to tell.
    enum Telling {
        /// The session's own client hears its name.
        case began
        /// With the message for subscribers, when it had to be made before.
        case final(FinalResult, timeline: StageTimeline, publication: Publication?, since: UInt64)
        case event(TranscriptEvent, since: UInt64)
    }

    private struct Entry {
        let number: Int
        let telling: Telling
        var isSafe: Bool
    }

    private var entries: [Entry] = []
    private var lastNumber = 0

    /// Whether something waits.
    var isEmpty: Bool { entries.isEmpty }

    /// Adds something at the end.
    ///
    /// - Returns: its number, for ``markSafe(_:)``.
    mutating func add(_ telling: Telling, isSafe: Bool) -> Int {
        lastNumber += 1
        entries.append(Entry(number: lastNumber, telling: telling, isSafe: isSafe))
        return lastNumber
    }

    /// What has this number may be told.
    mutating func markSafe(_ number: Int) {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return }
        entries[index].isSafe = true
    }

    /// Takes the first, if it may be told.
    mutating func next() -> Telling? { entries.first?.isSafe == true ? entries.removeFirst().telling : nil }
}
