import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
public import Ports
public import SpeechModel

/// A remote voice: a provider's `/v1/audio/speech`, whose sound is passed on as it comes.
public final class OpenAISynthesizer: Synthesizer {
    /// Texts that are spoken at once; as many more may wait.
    private static let maximumConcurrent = 32

    /// What the interface takes.
    private struct Body: Encodable {
        var model: String
        var input: String
        var voice: String
        var response_format = "pcm"
        var speed: Double
    }

    public let identity: SynthesizerIdentity
    public let voices: [Voice]

    private let provider: RemoteProvider
    private let pricePerMillionCharacters: Double
    private let client: RemoteClient
    private let gate: RequestGate
    private let usage: RemoteUsage
    private let report: @Sendable (SpeechError) -> Void

    /// Makes a voice; nothing is sent before ``start()``.
    ///
    /// - Parameters:
    ///   - voices: what the provider calls its voices; the first one speaks unless a request names another.
    ///   - pricePerMillionCharacters: what they cost; 0 is not counted.
    ///   - pause: waits before a repetition; a test does not wait for real.
    ///   - report: hears of a provider that cannot be reached at the start.
    public init(
        _ provider: RemoteProvider, voices: [String], pricePerMillionCharacters: Double = 0, usage: RemoteUsage, clock: any Clock,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        report: @escaping @Sendable (SpeechError) -> Void = { _ in }
    ) {
        self.provider = provider
        self.pricePerMillionCharacters = pricePerMillionCharacters
        self.usage = usage
        self.report = report
        self.voices = voices.map { Voice(id: $0, languages: []) }
        identity = SynthesizerIdentity(engine: "openai (\(provider.name))", model: provider.model)
        client = RemoteClient(
            provider, kind: .speech, connections: Self.maximumConcurrent, usage: usage, clock: clock, pause: pause)
        gate = RequestGate(
            limit: Self.maximumConcurrent, maximumWaiting: Self.maximumConcurrent, maximumWaitMS: provider.timeoutMS)
    }

    /// Asks the provider whether it takes the key; one that cannot be reached is reported, and asked again with the first text.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when the key is refused.
    public func start() async throws {
        do {
            try await client.check(otherwise: .synthesisFailed)
        } catch {
            guard error.code != .invalidConfiguration else { throw error }
            report(error)
        }
    }

    /// Speaks.
    ///
    /// - Throws: ``ErrorCode/invalidParameter`` when the voice is not configured, ``ErrorCode/overloaded`` when too many wait already,
    ///   ``ErrorCode/synthesisFailed`` when the provider refuses, fails or is late.
    public func speak(_ request: SpeechRequest) async throws -> any SpokenAudio {
        guard let voice = request.voice ?? voices.first?.id, voices.contains(where: { $0.id == voice }) else {
            throw SpeechError(
                .invalidParameter, "There is no voice \(request.voice?.printable ?? "at all").",
                advice: "Choose one of: \(voices.map(\.id).joined(separator: ", ")).")
        }
        var upload = client.request(.POST, "audio/speech")
        upload.headers.add(name: "Content-Type", value: "application/json")
        let body = Body(model: provider.model, input: request.text.exposed, voice: voice, speed: request.speed)
        upload.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        do {
            try await gate.enter()
            do {
                let response = try await client.send(upload) { response in
                    // Some proxies tell a fault with success and a page of their own, which nobody wants to hear.
                    let type = response.headers.first(name: "content-type") ?? ""
                    guard !type.hasPrefix("text/"), !type.hasPrefix("application/json") else { throw RemoteFailure.unreadable }
                    return response
                }
                usage.spoke(
                    provider, characters: request.text.exposed.count, pricePerMillion: pricePerMillionCharacters)
                return OpenAISpokenAudio(response.body, provider: provider) { [gate] in gate.leave() }
            } catch {
                gate.leave()
                throw error
            }
        } catch let failure as RemoteFailure {
            throw failure.explained(provider, code: .synthesisFailed)
        }
    }

    public func stop() async { await client.shutDown() }
}
