import Foundation
import OpenAIEngine
import Ports
import SpeechModel
import Telemetry
import Testing

@Suite("A remote voice", .timeLimit(.minutes(1))) struct SynthesizerTests {
    private let metrics = MetricsRegistry()
    private let pauses = Pauses()

    private func voice(_ provider: StandInProvider, timeoutMS: Int = 5000, price: Double = 0) -> OpenAISynthesizer {
        OpenAISynthesizer(
            RemoteProvider(
                section: "tts.openai", baseURL: provider.baseURL, apiKey: Sensitive("sk-test"), model: "tts-1",
                timeoutMS: timeoutMS),
            voices: ["alloy", "nova"], pricePerMillionCharacters: price, usage: RemoteUsage(in: metrics), clock: TestClock(),
            pause: { [pauses] in pauses.add($0) })
    }

    private func code(_ body: () async throws -> Void) async -> ErrorCode? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? SpeechError)?.code
        }
    }

    @Test("passes on what comes as samples, whatever pieces it comes in")
    func speaks() async throws {
        let provider = try await StandInProvider { _, number in
            number == 0 ? .reply(503, [:], "") : .pieces([[1], [0, 2, 0xFF], [0xFF, 0xFF]], ends: true)
        }
        let synthesizer = voice(provider, price: 15)
        #expect(synthesizer.voices.map(\.id) == ["alloy", "nova"] && synthesizer.identity.model == "tts-1")
        let audio = try await synthesizer.speak(SpeechRequest("Hello there", voice: "nova", speed: 1.5))
        #expect(audio.sampleRate == 24_000)
        var samples: [Int16] = []
        while let piece = try await audio.next() { samples += piece }
        #expect(samples == [1, -254, -1])
        #expect(try await audio.next() == nil)
        let request = provider.requests[1]
        #expect(request.path == "/v1/audio/speech" && request.headers["content-type"] == "application/json")
        #expect(request.headers["authorization"] == "Bearer sk-test" && pauses.list.count == 1)
        let body = try #require(try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
        #expect(body["model"] as? String == "tts-1" && body["input"] as? String == "Hello there")
        #expect(body["voice"] as? String == "nova" && body["response_format"] as? String == "pcm")
        #expect(body["speed"] as? Double == 1.5 && body.count == 5)
        let exposition = metrics.exposition()
        #expect(exposition.contains("mynah_remote_characters_total{provider=\"127.0.0.1\"} 11\n"))
        #expect(exposition.contains("mynah_remote_cost_total{provider=\"127.0.0.1\",kind=\"speech\"} 0.000165\n"))
        #expect(exposition.contains("{provider=\"127.0.0.1\",kind=\"speech\",outcome=\"server_error\"} 1\n"))
        await synthesizer.stop()
        try await provider.stop()
    }

    @Test("speaks with its first voice unless another is named, and with none that is not configured")
    func voices() async throws {
        let provider = try await StandInProvider { _, _ in .pieces([[0, 0]], ends: true) }
        let synthesizer = voice(provider)
        _ = try await synthesizer.speak(SpeechRequest("Hello"))
        #expect(String(decoding: provider.requests[0].body, as: UTF8.self).contains(#""voice":"alloy""#))
        #expect(await code { _ = try await synthesizer.speak(SpeechRequest("Hello", voice: "bob")) } == .invalidParameter)
        #expect(provider.requests.count == 1)
        await synthesizer.stop()
        try await provider.stop()
    }

    @Test("ends the request when nobody listens any more", arguments: [true, false])
    func cancel(_ isWaiting: Bool) async throws {
        let provider = try await StandInProvider { _, _ in .pieces([[1, 0]], ends: false) }
        let synthesizer = voice(provider)
        let audio = try await synthesizer.speak(SpeechRequest("Hello"))
        if isWaiting {
            #expect(try await audio.next() == [1])
            let waiting = Task { try await audio.next() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        } else {
            audio.cancel()
            await #expect(throws: CancellationError.self) { try await audio.next() }
        }
        try await until { provider.closed == 1 }
        await synthesizer.stop()
        try await provider.stop()
    }

    @Test("says what is wrong: a page instead of sound, a wrong key, silence, a cut")
    func failures() async throws {
        let provider = try await StandInProvider { request, number in
            switch number {
            case 0: .reply(200, ["content-type": "text/html"], "<html>")
            case 1, 2: .reply(401, [:], "{}")
            case 3: .silence
            default: .cut
            }
        }
        let synthesizer = voice(provider, timeoutMS: 2000)
        #expect(await code { _ = try await synthesizer.speak(SpeechRequest("Hello")) } == .synthesisFailed)
        #expect(await code { _ = try await synthesizer.speak(SpeechRequest("Hello")) } == .synthesisFailed)
        #expect(await code { try await synthesizer.start() } == .invalidConfiguration)
        #expect(await code { _ = try await synthesizer.speak(SpeechRequest("Hello")) } == .synthesisFailed)
        #expect(provider.requests.count == 4)
        let audio = try await synthesizer.speak(SpeechRequest("Hello"))
        #expect(await code { while try await audio.next() != nil {} } == .synthesisFailed)
        try await provider.stop()
        // Nobody is there: it starts all the same.
        try await synthesizer.start()
        await synthesizer.stop()
    }
}
