import Foundation
import SpeechModel

/// What happens to a primary.
enum Fault: String, Codable, CaseIterable {
    /// SIGKILL; started again when the other leads.
    case kill
    /// SIGSTOP; SIGCONT when the other leads.
    case stop
    /// Its network cable is pulled: it hears neither the standby nor the witness nor its clients; put back when the other leads.
    case cut

    var description: String {
        switch self {
        case .kill: "SIGKILL"
        case .stop: "SIGSTOP, later SIGCONT"
        case .cut: "network cut"
        }
    }
}

/// One take-over as those who looked on saw it.
struct TakeOver: Codable {
    let fault: Fault
    /// People who spoke.
    let streams: Int
    /// From the fault to the first answer of the other server's `/status` that it leads; nil: not within the time to wait for it.
    var promotionMS: Double?
    /// From the fault to the first message of the new term at a subscriber.
    var firstMessageMS: Double?
    /// From the fault to `resumed`, of each client that got it.
    var resumedMS: [Double] = []
    /// Clients that did not go on with their session.
    var lost = 0
    /// Finals that the clients got.
    var finals = 0
    /// Numbers up to those of the undisturbed run that a client did not get.
    var missingAtClients = 0
    /// Numbers of the clients that the subscribers did not accept.
    var missingAtSubscribers = 0
    /// Finals of audio that the one before has, too: a second number for the same words.
    var renumbered = 0
    /// Finals beyond those of the undisturbed run, or that a subscriber was told of and the client was not.
    var surplus = 0
    /// Numbers whose text, at the client and in each message, is not one.
    var contradictory = 0
    /// Finals whose text is not that of the undisturbed run.
    var otherTexts = 0
    /// Finals that were told again under the new term.
    var repeated = 0
    /// Messages of the old term after the new one had begun.
    var staleSent = 0
    /// Those of them that a subscriber accepts who ignores what has a lower term than the highest that it saw.
    var staleAccepted = 0

    /// A final's place: a session and a number in it.
    private struct Place: Hashable {
        var session: String
        var number: Int
    }

    var isPerfect: Bool {
        lost + missingAtClients + missingAtSubscribers + renumbered + surplus + contradictory + staleAccepted == 0
    }

    init(_ fault: Fault, streams: Int) {
        self.fault = fault
        self.streams = streams
    }

    /// Takes down what the clients heard, beside what they heard in an undisturbed run of the same audio.
    ///
    /// - Parameter struckAt: when the fault happened, in seconds of ``now()``.
    mutating func judge(_ heard: [SpeakingClient.Heard], undisturbed: [SpeakingClient.Heard], struckAt: Double) {
        for (heard, undisturbed) in zip(heard, undisturbed) {
            let resumed = heard.resumedAt.first { $0 > struckAt }
            if let resumed { resumedMS.append((resumed - struckAt) * 1000) }
            if resumed == nil || heard.restarts > 0 || heard.failure != nil { lost += 1 }
            let wanted = Dictionary(uniqueKeysWithValues: undisturbed.finals.map { ($0.sequence, $0.text) })
            let got = Set(heard.finals.map(\.sequence))
            finals += heard.finals.count
            missingAtClients += Set(wanted.keys).subtracting(got).count
            renumbered += heard.sharedAudio
            surplus += got.subtracting(wanted.keys).count
            otherTexts += heard.finals.count { wanted[$0.sequence] != nil && wanted[$0.sequence] != $0.text }
        }
    }

    /// Takes down what the subscribers of both servers got of the same sessions.
    ///
    /// - Parameters:
    ///   - messages: in the order in which they came.
    ///   - term: the new primary's.
    ///   - struckAt, promotedAt: in seconds of ``now()``.
    mutating func judge(
        _ messages: [SubscriberProcess.Message], of heard: [SpeakingClient.Heard], term: Int, struckAt: Double, promotedAt: Double
    ) {
        var seen: [Place: (final: SpeakingClient.Final, body: NSDictionary)] = [:]
        var contradictions: Set<Place> = []
        var highest = 0
        let sessions = Set(heard.map(\.session))
        for message in messages where message.topic.hasPrefix("transcript.") {
            var json = message.json
            guard let its = json.removeValue(forKey: "term") as? Int, let session = json["session_id"] as? String,
                let number = json["sequence_number"] as? Int
            else { continue }
            if its == term, firstMessageMS == nil { firstMessageMS = (message.at - struckAt) * 1000 }
            let isStale = its < term && (message.at > promotedAt || highest >= term)
            if isStale { staleSent += 1 }
            // The rule of docs/subscribing.md.
            guard its >= highest else { continue }
            highest = its
            if isStale { staleAccepted += 1 }
            // What is told again goes ten seconds back: to those who spoke before.
            guard sessions.contains(session) else { continue }
            let place = Place(session: session, number: number)
            let body = json as NSDictionary
            if let before = seen[place] {
                if before.body == body { repeated += 1 } else { contradictions.insert(place) }
            } else {
                seen[place] = (SpeakingClient.Final(json, number: number), body)
            }
        }
        var unknown = Set(seen.keys)
        for heard in heard {
            for final in heard.finals {
                let place = Place(session: heard.session, number: final.sequence)
                unknown.remove(place)
                if let told = seen[place]?.final {
                    if told != final { contradictions.insert(place) }
                } else {
                    missingAtSubscribers += 1
                }
            }
        }
        surplus += unknown.count
        contradictory += contradictions.count
    }
}

extension SpeakingClient.Final {
    /// What a subscriber was told.
    fileprivate init(_ transcript: [String: Any], number: Int) {
        func milliseconds(_ key: String) -> Int { Int((((transcript[key] as? NSNumber)?.doubleValue ?? -1) * 1000).rounded()) }
        self.init(
            sequence: number, text: transcript["transcript"] as? String ?? "", startMS: milliseconds("audio_start_time"),
            endMS: milliseconds("audio_end_time"))
    }
}
