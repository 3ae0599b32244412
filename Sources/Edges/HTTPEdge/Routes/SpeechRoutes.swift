public import AudioFiles
import Foundation
import Hummingbird
import HTTPTypes
import NIOCore
import NIOPosix
public import Ports
import SpeechModel
import SpeechPipeline
import WireProtocol

/// Text to speech: `POST /v1/audio/speech` as OpenAI's clients send it, and who there is to speak.
public struct SpeechRoutes: Sendable {
    static let path = "/v1/audio/speech"
    /// The names that OpenAI's clients know, and must send: whoever asks for one of them hears the default voice.
    private static let namesOfOthers: Set<String> = [
        "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
    ]
    /// A text of the longest length in four-byte characters, escaped.
    private static let maximumBodyBytes = SpeechRequest.maximumCharacters * 12 + 4096

    /// Raw samples carry no rate; OpenAI's clients take them for so many per second.
    private static let pcmRate = 24_000

    private let synthesizer: any Synthesizer
    private let encoding: DecoderSettings

    /// Makes the routes.
    public init(synthesizer: any Synthesizer, encoding: DecoderSettings) {
        self.synthesizer = synthesizer
        self.encoding = encoding
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/v1/audio/voices") { _, _ in voices() }
        router.post(RouterPath(Self.path)) { request, _ in try await speak(request) }
    }

    private func voices() -> Response {
        var json = JSONText()
        json.object {
            $0.array("voices", synthesizer.voices) { json, voice in
                json.object {
                    $0.field("id", voice.id)
                    $0.array("languages", voice.languages) { $0.string($1) }
                }
            }
        }
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: json.text)))
    }

    /// The fields of the body (https://platform.openai.com/docs/api-reference/audio/createSpeech).
    private struct Body: Decodable {
        var input: String
        var model: String?
        var voice: String?
        var response_format: String?
        var speed: Double?
        /// Not of OpenAI.
        var language: String?
    }

    private func speak(_ request: Request) async throws -> Response {
        let bytes = try await request.body.collect(upTo: Self.maximumBodyBytes)
        let body: Body
        do {
            body = try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView))
        } catch {
            throw SpeechError(
                .malformedMessage, "The body is not what is expected: \(Self.explained(error)).",
                advice: "Send JSON such as {\"input\": \"Good morning.\", \"voice\": \"slt\", \"response_format\": \"wav\"}.")
        }
        let format = try Format(body.response_format ?? "mp3")
        let voice = body.voice.flatMap { name in
            Self.namesOfOthers.contains(name) && !synthesizer.voices.contains { $0.id == name } ? nil : name
        }
        let audio = try await synthesizer.speak(
            SpeechRequest(body.input, voice: voice, speed: body.speed ?? 1, language: body.language))
        // What goes wrong with the first part can still be told by a status.
        guard let first = try await audio.next() else {
            throw SpeechError(.invalidParameter, "There is nothing in this text that can be spoken.", advice: "Send words.")
        }
        let headers: HTTPFields = [.contentType: format.mediaType, .cacheControl: "no-store"]
        if case .encoded(let encoder) = format, !encoder.isConcatenable {
            var all = first
            while let samples = try await audio.next() { all += samples }
            let bytes = try await encode(all, audio.sampleRate, encoder)
            return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                defer { audio.cancel() }
                if format == .wav {
                    try await writer.write(ByteBuffer(bytes: WAVWriter.header(sampleRate: audio.sampleRate, samples: nil)))
                }
                var rate = RateChange(from: audio.sampleRate, to: Self.pcmRate)
                var part: [Int16]? = first
                while let samples = part {
                    part = try await audio.next()
                    switch format {
                    case .wav: try await writer.write(ByteBuffer(bytes: WAVWriter.bytes(samples)))
                    case .pcm:
                        try await writer.write(ByteBuffer(bytes: WAVWriter.bytes(rate.change(samples, isLast: part == nil))))
                    case .encoded(let encoder):
                        try await writer.write(ByteBuffer(bytes: encode(samples, audio.sampleRate, encoder)))
                    }
                }
                try await writer.finish(nil)
            })
    }

    /// On a thread that may wait for a child.
    private func encode(_ samples: [Int16], _ rate: Int, _ encoder: AudioEncoder) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive { try encoder.encode(samples, sampleRate: rate, settings: encoding) }
    }

    private static func explained(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "`\(key.stringValue)` is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "`\(context.codingPath.map(\.stringValue).joined(separator: "."))` is of another type"
        default: "it is not JSON"
        }
    }

    private enum Format: Equatable {
        case wav, pcm
        case encoded(AudioEncoder)

        init(_ name: String) throws(SpeechError) {
            switch name {
            case "wav": self = .wav
            case "pcm": self = .pcm
            default:
                guard let encoder = AudioEncoder(rawValue: name) else {
                    throw SpeechError(
                        .invalidParameter, "response_format is `\(name)`.",
                        advice: "Set it to one of: wav, pcm, \(AudioEncoder.allCases.map(\.rawValue).joined(separator: ", ")).")
                }
                self = .encoded(encoder)
            }
        }

        var mediaType: String {
            switch self {
            case .wav: "audio/wav"
            case .pcm: "audio/pcm;rate=\(SpeechRoutes.pcmRate)"
            case .encoded(let encoder): encoder.mediaType
            }
        }
    }
}

/// Samples at another rate, as a stream.
private struct RateChange {
    private var resampler: Resampler

    init(from: Int, to: Int) { resampler = Resampler(inputRate: from, outputRate: to) }

    mutating func change(_ samples: [Int16], isLast: Bool) -> [Int16] {
        var output: [Float] = []
        samples.map { Float($0) }.withUnsafeBufferPointer { resampler.resample($0, into: &output) }
        if isLast { resampler.flush(into: &output) }
        return output.map { Int16(clamping: Int($0.rounded())) }
    }
}
