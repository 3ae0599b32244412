import Application
public import AudioFiles
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
public import Ports
import ServiceLifecycle
import SpeechModel
public import SpeechPipeline
import Synchronization
import TranscriptFormats
import WireProtocol

/// Recordings to text: `POST /v1/audio/transcriptions` as OpenAI's clients send it.
///
/// A recording goes through the same recogniser as live sessions, two utterances at a time, behind those who are speaking.
public final class TranscriptionRoute: Sendable {
    static let path = "/v1/audio/transcriptions"
    /// What OpenAI's own server takes.
    private static let maximumFileBytes = 25 << 20
    private static let maximumBodyBytes = maximumFileBytes + 64 << 10
    private static let utterancesAtOnce = 2
    /// Recordings that wait for their turn; one more is refused.
    private static let maximumWaiting = 16

    private let recognizer: any Recognizer
    private let models: any ModelChoice
    private let makeDetector: @Sendable () -> any VoiceActivityDetector
    private let pipeline: SpeechPipeline.Configuration
    private let decoding: DecoderSettings
    private let threads: NIOThreadPool
    private let waiting = Atomic(0)

    /// Makes the route.
    ///
    /// - Parameter atOnce: how many recordings are read at the same time.
    public init(
        recognizer: any Recognizer, models: any ModelChoice,
        makeDetector: @escaping @Sendable () -> any VoiceActivityDetector, pipeline: SpeechPipeline.Configuration,
        decoding: DecoderSettings, atOnce: Int
    ) {
        self.recognizer = recognizer
        self.models = models
        self.makeDetector = makeDetector
        self.pipeline = pipeline
        self.decoding = decoding
        threads = NIOThreadPool(numberOfThreads: max(1, atOnce))
        threads.start()
    }

    /// Ends its threads; what they do at the moment ends with its connection.
    public func stop() async { try? await threads.shutdownGracefully() }

    func add(to router: Router<BasicRequestContext>) {
        router.post(RouterPath(Self.path)) { request, _ in try await self.transcribe(request) }
    }

    private func transcribe(_ request: Request) async throws -> Response {
        let type = request.headers[.contentType]
        let cancellation = Cancellation()
        // Nobody wants the transcript any more when the client is gone, or the server is to end.
        return try await request.body.consumeWithCancellationOnInboundClose { body in
            try await withTaskCancellationOrGracefulShutdownHandler {
                let bytes = try await body.collect(upTo: Self.maximumBodyBytes)
                defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
                guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maximumWaiting else {
                    throw SpeechError(
                        .overloaded, "\(Self.maximumWaiting) recordings are being transcribed or wait already.",
                        advice: "Try again in a moment.")
                }
                let (form, file) = try await receive(bytes, type: type)
                defer { close(file) }
                return try await threads.runIfActive { [self] in
                    let pin = try models.pin(model: form.model, language: form.language)
                    return answer(try read(file, with: pin, told: form.language == nil ? nil : pin.language, cancellation), form)
                }
            } onCancelOrGracefulShutdown: {
                cancellation.cancel()
            }
        }
    }

    /// What is asked, and the recording as an open file: nothing else of a body is kept while it waits for its turn.
    private func receive(_ bytes: ByteBuffer, type: String?) async throws -> (TranscriptionForm, CInt) {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try keep(Array(bytes.readableBytesView), type: type)
        }
    }

    /// What is asked, and the recording in a file without a name, which goes with its descriptor, whatever happens.
    private func keep(_ body: [UInt8], type: String?) throws -> (TranscriptionForm, CInt) {
        let form = try TranscriptionForm(MultipartBody(body, type: type))
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("mynah-\(UUID().uuidString)").path
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        unlink(path)
        let written =
            file < 0
            ? false
            : form.audio.withUnsafeBytes { audio in
                var at = 0
                while at < audio.count {
                    let count = write(file, audio.baseAddress! + at, audio.count - at)
                    guard count > 0 else { return false }
                    at += count
                }
                return true
            }
        guard written else {
            if file >= 0 { close(file) }
            throw SpeechError(
                .unwritableFile, "The recording cannot be kept for the moment.", advice: "See that the server's disk has room.")
        }
        var small = form
        small.audio = []
        return (small, file)
    }

    private struct Transcript: Sendable {
        var finals: [FinalResult]
        var seconds: Double
        var language: String

        var text: String { finals.map(\.hypothesis.text).filter { !$0.isEmpty }.joined(separator: " ") }
    }

    /// Blocks until all of it is recognised.
    private func read(_ file: CInt, with pin: ModelPin, told: String?, _ cancellation: Cancellation) throws -> Transcript {
        let source = try openAudio(
            path: "/proc/self/fd/\(file)", shownName: "The recording", settings: decoding, cancellation: cancellation)
        defer { source.close() }
        var finals: [FinalResult] = []
        var lost: SpeechError?
        let seconds = try TranscribeRecording(
            recognizer: recognizer, configuration: pipeline, language: told, model: pin, utterancesAtOnce: Self.utterancesAtOnce
        ).run(
            format: source.format, detector: GatedDetector(makeDetector()),
            read: { buffer in
                // A transcript with a gap that nobody sees is worse than none.
                if let lost { throw lost }
                return try source.read(into: buffer)
            },
            final: { finals.append($0) }, problem: { lost = lost ?? $0 })
        if let lost { throw lost }
        let found = finals.compactMap(\.hypothesis.language).first
        return Transcript(finals: finals, seconds: seconds, language: found ?? pin.language ?? recognizer.identity.language)
    }

    private func answer(_ transcript: Transcript, _ form: TranscriptionForm) -> Response {
        var type = "application/json"
        let text: String
        switch form.answer {
        case .written(let format):
            var writer = TranscriptWriter(format: format)
            text = writer.header + transcript.finals.map { writer.append($0) }.joined()
            type = format == .vtt ? "text/vtt; charset=utf-8" : "text/plain; charset=utf-8"
        case .json:
            var json = JSONText()
            json.object { $0.field("text", transcript.text) }
            text = json.text
        case .detailed: text = detailed(transcript, form)
        }
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private func detailed(_ transcript: Transcript, _ form: TranscriptionForm) -> String {
        var json = JSONText()
        json.object { json in
            json.field("task", "transcribe")
            json.field("language", transcript.language)
            json.field("duration", transcript.seconds)
            json.field("text", transcript.text)
            if form.withSegments {
                json.array("segments", transcript.finals.filter { !$0.hypothesis.words.isEmpty }.enumerated()) { json, segment in
                    json.object {
                        $0.field("id", segment.offset)
                        $0.field("start", Double(segment.element.startMS) / 1000)
                        $0.field("end", Double(segment.element.endMS) / 1000)
                        $0.field("text", segment.element.hypothesis.text)
                    }
                }
            }
            if form.withWords {
                json.array("words", transcript.finals.flatMap(\.hypothesis.words)) { json, word in
                    json.object {
                        $0.field("word", word.text)
                        $0.field("start", Double(word.startMS) / 1000)
                        $0.field("end", Double(word.endMS) / 1000)
                    }
                }
            }
        }
        return json.text
    }
}
