import Application
import PipelineFeed
import SpeechModel
import Synchronization

/// Keeps what sessions publish, in its order.
final class RecordedFeed: FeedPublisher {
    private struct Record {
        var prepared: [PublishedTranscript] = []
        var transcripts: [PublishedTranscript] = []
        var events: [FeedEvent] = []
        var ended: [SessionID] = []
    }
    private let record = Mutex(Record())

    var transcripts: [PublishedTranscript] { record.withLock { $0.transcripts } }
    var events: [FeedEvent] { record.withLock { $0.events } }
    var ended: [SessionID] { record.withLock { $0.ended } }

    let wantsPartials = true

    func prepare(_ transcript: PublishedTranscript) -> Publication {
        record.withLock { $0.prepared.append(transcript) }
        return Publication(
            topic: "transcript.\(transcript.annotation.language)", json: Array(transcript.hypothesis.text.utf8),
            session: transcript.source.session, sequence: transcript.sequenceNumber, language: transcript.annotation.language,
            timeline: transcript.timeline)
    }

    func publish(_ publication: Publication) {
        record.withLock { record in
            guard
                let transcript = record.prepared.first(where: {
                    $0.source.session == publication.session && $0.sequenceNumber == publication.sequence
                        && $0.timeline == publication.timeline
                })
            else { return }
            record.transcripts.append(transcript)
        }
    }

    func publish(_ event: FeedEvent, of session: SessionID?) { record.withLock { $0.events.append(event) } }

    func ended(_ session: SessionID) { record.withLock { $0.ended.append(session) } }
}
