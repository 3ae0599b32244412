import Failover
import Lanes
import PipelineFeed
import SessionMirror
import SpeechModel

/// The sessions of a primary as the link of a pair carries them.
struct ReplicatedSessions: ReplicatedState {
    /// How long after it was told a final is told again by whoever takes over: ten seconds.
    private static let repeated: UInt64 = 10_000_000_000

    private(set) var mirror = SessionMirror()

    mutating func apply(_ record: [UInt8]) {
        // What another version says that this one does not know is left out: its sessions are as good as without it.
        guard let record = try? SessionRecord(encoded: record) else { return }
        mirror.apply(record, at: monotonicNanoseconds())
    }

    var snapshot: [[UInt8]] { mirror.records.map(\.encoded) }

    /// Every final that was published, in its order; and how many of the last ones are to be told again.
    var publications: (all: [Publication], recent: Int) {
        let since = monotonicNanoseconds()
        let finals = mirror.allFinals
        let all = finals.map { session, kept in
            Publication(
                topic: kept.final.topic, json: Array(kept.final.message.utf8), session: SessionID(session.description.session),
                sequence: kept.final.result.sequence, language: kept.final.language)
        }
        return (all, finals.count { $0.kept.at + Self.repeated > since })
    }
}
