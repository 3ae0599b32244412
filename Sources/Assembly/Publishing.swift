import HTTPEdge
import MynahConfiguration
import PipelineFeed
import SpeechModel
import TextAnalysis
import ZMQEdge

/// Where results and events of all sessions go, as configured.
struct Publishing: Sendable {
    let hub: FeedHub
    private let publishers: [(name: StaticString, publisher: ZeroMQPublisher)]

    /// Binds the ports; nothing is sent before ``start()``.
    ///
    /// - Throws: ``ErrorCode/portInUse``, ``ErrorCode/invalidConfiguration``, ``ErrorCode/unreadableFile``.
    init(_ settings: Settings, version: String, reign: any Reign) throws(SpeechError) {
        let output = settings.output
        guard output.enabled else {
            hub = FeedHub(version: version, clock: SystemClock(), events: { _, _ in }, transcripts: { _, _ in }, reign: reign)
            publishers = []
            return
        }
        let host = settings.server.listen.host
        let key = try Self.secretKey(settings)
        let events = try Self.bind(
            .events(host: host, port: output.zmqPubPortEvents, secretKey: key), "zmq_pub_port_events", reign)
        let transcripts = try Self.bind(
            .transcripts(host: host, port: output.zmqPubPortTranscripts, secretKey: key), "zmq_pub_port_transcripts", reign)
        publishers = [("zmq_events", events), ("zmq_transcripts", transcripts)]
        hub = FeedHub(
            version: version, clock: SystemClock(), events: { events.publish(topic: $0, body: $1) },
            transcripts: { transcripts.publish(topic: $0, body: $1) }, sinksPartials: output.partials, reign: reign)
    }

    /// The key that subscribers need; nil where none is needed.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` where one is needed and missing, ``ErrorCode/unreadableFile``.
    static func secretKey(_ settings: Settings) throws(SpeechError) -> CurveSecretKey? {
        let (listen, output) = (settings.server.listen, settings.output)
        guard output.enabled else { return nil }
        if let file = output.zmqCurveKeyFile { return try CurveSecretKey(file: file) }
        guard listen.isLoopback || output.zmqUnencrypted else {
            throw SpeechError(
                .invalidConfiguration,
                "server.listen: \(listen.host) is beyond loopback, and ZeroMQ would tell everybody there what is said.",
                advice: "Set output.zmq_curve_key_file, or, in a network of its own, output.zmq_unencrypted to true.")
        }
        return nil
    }

    private static func bind(_ settings: ZeroMQSettings, _ name: String, _ reign: any Reign) throws(SpeechError)
        -> ZeroMQPublisher
    {
        do throws(SpeechError) {
            return try ZeroMQPublisher(settings, maySend: { reign.mayPublish })
        } catch {
            throw SpeechError(
                error.code, "output.\(name): \(error.message)", advice: error.advice, underlying: error.underlying)
        }
    }

    /// Starts the publishers' threads.
    func start() {
        for (name, publisher) in publishers { publisher.start(threadName: "\(name)") }
    }

    /// Sends what is queued, and frees the ports.
    func stop() async {
        for (_, publisher) in publishers { await publisher.stop() }
    }

    /// Another server took over.
    func giveWay() {
        hub.giveWay()
        for (_, publisher) in publishers { publisher.discardQueued() }
    }

    /// For the start-up log.
    var endpoints: String { publishers.map(\.publisher.endpoint).joined(separator: " ") }

    /// What was published on ZeroMQ.
    var outlets: [FeedOutlet] {
        publishers.map { name, publisher in
            let counters = publisher.counters
            return FeedOutlet(
                name: name, endpoint: publisher.endpoint, published: counters.published, bytes: counters.bytes,
                dropped: counters.dropped, queued: counters.queued, subscribersJoined: counters.subscribersJoined,
                subscribersLeft: counters.subscribersLeft, connectionsRefused: counters.connectionsRefused)
        }
    }

    /// What finds out the language and the sentiment of finals.
    ///
    /// - Throws: ``ErrorCode/brokenModel``.
    static func annotator(_ settings: Settings, models: ModelFiles) throws(SpeechError) -> TranscriptFeed.Annotate {
        let analyser = try TextAnalyser(languageProfiles: models.languageProfiles, lexicon: models.sentimentLexicon)
        let wantsSentiment = settings.language.sentiment
        return { text, expected in
            let language = analyser.language(of: text, expecting: expected)
            let sentiment = wantsSentiment ? analyser.sentiment(of: text, in: language.code) : (.neutral, 0)
            return TextAnnotation(
                language: language.code, languageConfidence: language.confidence, sentiment: sentiment.0,
                sentimentConfidence: sentiment.1)
        }
    }
}
