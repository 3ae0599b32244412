import Application
import PipelineFeed
import SpeechModel
import Synchronization

/// Keeps what sessions publish, in its order.
final class RecordedFeed: FeedPublisher {
    private struct Record {
        var transcripts: [PublishedTranscript] = []
        var events: [FeedEvent] = []
        var ended: [SessionID] = []
    }
    private let record = Mutex(Record())

    var transcripts: [PublishedTranscript] { record.withLock { $0.transcripts } }
    var events: [FeedEvent] { record.withLock { $0.events } }
    var ended: [SessionID] { record.withLock { $0.ended } }

    let wantsPartials = true

    func publish(_ transcript: PublishedTranscript) -> StageTimeline {
        record.withLock { $0.transcripts.append(transcript) }
        return transcript.timeline
    }

    func publish(_ event: FeedEvent, of session: SessionID?) { record.withLock { $0.events.append(event) } }

    func ended(_ session: SessionID) { record.withLock { $0.ended.append(session) } }
}
