import Application
import AudioFiles
import CaptureEdge
import HTTPEdge
import Logging
import MynahConfiguration
import ServiceLifecycle
import SpeechModel
import SpeechPipeline
import Synchronization

/// The sources of the server's own, as configured: each is a session with a name. A standby leaves them closed.
final class Capture: Service {
    /// How long what was said last may take to become final when the server stops.
    private static let drainTime = Duration.seconds(2)

    private typealias Source = (loop: CaptureLoop, session: CaptureSession)

    private let make: @Sendable () -> [Source]
    /// Those that are open.
    private let open = Mutex<[Source]>([])

    /// Takes note of the sources; nothing is opened before ``begin()``.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration``, ``ErrorCode/missingDependency``.
    init(
        _ settings: Settings, models: ModelFiles, registry: SessionRegistry, feed: any FeedPublisher, metrics: SessionMetrics,
        logger: Logger
    ) throws(SpeechError) {
        let inputs = try Self.inputs(settings, models: models)
        let audio = settings.audio
        let lengths = try CaptureSettings(
            frameMS: audio.frameMS, ringBufferMS: audio.ringBufferSizeMS, sampleRate: audio.sampleRate, channels: audio.channels)
        let decoder = DecoderSettings(selfExecutable: executablePath())
        make = {
            inputs.map { name, input in
                let session = CaptureSession(name: name, registry: registry, feed: feed, metrics: metrics, logger: logger)
                return (CaptureLoop(input, name: name, settings: lengths, sink: session, decoder: decoder), session)
            }
        }
    }

    /// The sources that are configured.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration``, ``ErrorCode/missingDependency``.
    static func inputs(_ settings: Settings, models: ModelFiles) throws(SpeechError) -> [(name: String, input: CaptureInput)] {
        var inputs: [(name: String, input: CaptureInput)] = []
        let audio = settings.audio
        if let input = try CaptureInput.parse(device: audio.device, mock: audio.mock, sample: models.sampleSpeech) {
            inputs.append(("capture", input))
        }
        for text in audio.sources { inputs.append(try source(text)) }
        if let twice = Dictionary(grouping: inputs, by: \.name).first(where: { $0.value.count > 1 })?.key {
            throw SpeechError(
                .invalidConfiguration, "audio.sources: two sources are called \(twice).", advice: "Give each a name of its own.")
        }
        guard inputs.count(where: { $0.input.canWait }) <= 1 else {
            throw SpeechError(
                .invalidConfiguration, "audio.sources: two sources are the standard input.",
                advice: "Only one can read it; name the others by a file, which may be a FIFO.")
        }
        return inputs
    }

    /// `name=device:NAME`, `name=file:PATH`, `name=loop:PATH` or `name=stdin:RATE`.
    private static func source(_ text: String) throws(SpeechError) -> (String, CaptureInput) {
        let halves = text.split(separator: "=", maxSplits: 1)
        let parts = halves.count == 2 ? halves[1].split(separator: ":", maxSplits: 1).map(String.init) : []
        let isNamed = halves.first.map {
            !$0.isEmpty && $0.count <= 64 && $0.allSatisfy { $0.isLetter || $0.isNumber || "-_".contains($0) }
        }
        guard isNamed == true, parts.count == 2 else { throw malformed(text) }
        let name = String(halves[0])
        switch parts[0] {
        case "device": return (name, .device(name: parts[1]))
        case "file": return (name, .recording(path: parts[1], loops: false))
        case "loop": return (name, .recording(path: parts[1], loops: true))
        case "stdin":
            guard let rate = Int(parts[1]), let format = try? AudioFormat(sampleRate: rate, channels: 1) else {
                throw malformed(text)
            }
            return (name, .standardInput(format))
        default: throw malformed(text)
        }
    }

    private static func malformed(_ text: String) -> SpeechError {
        SpeechError(
            .invalidConfiguration, "audio.sources: “\(text.prefix(100))” is no source.",
            advice:
                "Write name=device:NAME, name=file:PATH, name=loop:PATH or name=stdin:RATE (16-bit mono samples, 8000 to 48000 Hz), for instance "
                + "kitchen=device:plughw:1. A name with a comma can only stand in the list of a YAML file.")
    }

    /// How full the fullest ring is, 0–1.
    var utilization: Double { open.withLock { $0 }.lazy.map(\.loop.utilization).max() ?? 0 }

    /// The session of the first source, once it was opened.
    var session: SessionID? { open.withLock { $0 }.first?.session.id }

    /// How each source is; none while they are closed.
    var statuses: [SourceStatus] { open.withLock { $0 }.map(\.session.status) }

    /// Opens the sources.
    func begin() {
        let sources = make()
        open.withLock { $0 = sources }
        for source in sources { source.loop.start() }
    }

    /// Closes them; their sessions are gone already.
    func pause() {
        let sources = takeOpen()
        for source in sources { source.loop.beginStop() }
    }

    private func takeOpen() -> [Source] {
        open.withLock { open in
            defer { open = [] }
            return open
        }
    }

    func run() async throws {
        try? await gracefulShutdown()
        let sources = takeOpen()
        for source in sources { await source.loop.stop() }
        for source in sources { source.session.end(serverStops: true) }
        let deadline = ContinuousClock.now + Self.drainTime
        while !Task.isCancelled, sources.contains(where: { !$0.session.isOver }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
