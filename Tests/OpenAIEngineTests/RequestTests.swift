import SpeechModel
import Testing

@testable import OpenAIEngine

@Suite("Requests to a provider", .timeLimit(.minutes(1))) struct RequestTests {
    @Test(
        "go below /v1, whether it is named or not",
        arguments: [
            ("https://api.openai.com", "https://api.openai.com/v1/models", "api.openai.com"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/models", "api.openai.com"),
            ("http://[::1]:8080/openai", "http://[::1]:8080/openai/v1/models", "[::1]"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/v1/models", "127.0.0.1"),
        ])
    func address(_ base: String, _ url: String, _ name: String) {
        let provider = RemoteProvider(section: "stt.openai", baseURL: base, apiKey: nil, model: "m", timeoutMS: 1)
        #expect(provider.url("models") == url && provider.name == name)
    }

    @Test("are repeated after longer pauses of which half is random, or when the provider wishes")
    func pauses() {
        #expect(RetryPause.milliseconds(after: 1, wished: nil, random: 0) == 125)
        #expect(RetryPause.milliseconds(after: 1, wished: nil, random: 125) == 250)
        #expect(RetryPause.milliseconds(after: 2, wished: nil, random: 250) == 500)
        #expect(RetryPause.milliseconds(after: 1, wished: 7, random: 99) == 7)
    }

    @Test("read the wish as seconds, milliseconds or a date")
    func wishes() {
        func wished(_ milliseconds: String?, _ retryAfter: String?) -> Int? {
            RetryPause.wished(milliseconds: milliseconds, retryAfter: retryAfter, unixMS: 784_111_777_000)
        }
        #expect(wished(nil, "3") == 3000 && wished("40.5", "3") == 40 && wished(nil, "0.5") == 500 && wished(nil, "-1") == 0)
        #expect(wished(nil, "Sun, 06 Nov 1994 08:49:39 GMT") == 2000 && wished(nil, "Sun, 06 Nov 1994 08:49:30 GMT") == 0)
        #expect(
            wished(nil, nil) == nil && wished(nil, "soon") == nil && wished("nan", nil) == nil
                && wished(nil, "1e99") == 86_400_000)
    }

    @Test("tell what a provider refuses with by its code word only")
    func refusals() {
        func code(_ body: String) -> String? {
            if case .refused(_, let code, _) = RemoteFailure.reading(status: 400, retryAfterMS: nil, body: Array(body.utf8)) {
                code
            } else {
                nil
            }
        }
        #expect(code(#"{"error":{"message":"what was said","code":"too_long"}}"#) == "too_long")
        #expect(code(#"{"type":"about:blank","code":"not-found"}"#) == "not-found")
        #expect(code(#"{"error":{"code":"what was said"}}"#) == nil && code(#"{"error":"no"}"#) == nil && code("<html>") == nil)
    }

    @Test("pass a gate in the order in which they came; who gives up is forgotten")
    func gate() async throws {
        let gate = RequestGate(limit: 1, maximumWaiting: 9, maximumWaitMS: nil)
        try await gate.enter()
        let (order, tell) = AsyncStream<Int>.makeStream()
        var tasks: [Task<Void, Never>] = []
        for number in 0..<3 {
            tasks.append(
                Task {
                    if (try? await gate.enter()) != nil { tell.yield(number) } else { tell.yield(-number) }
                })
            try await until { gate.waiting == number + 1 }
        }
        var iterator = order.makeAsyncIterator()
        tasks[1].cancel()
        #expect(await iterator.next() == -1)
        gate.leave()
        #expect(await iterator.next() == 0)
        #expect(gate.busy == 1 && gate.waiting == 1)
        gate.leave()
        #expect(await iterator.next() == 2)
        gate.leave()
        #expect(gate.busy == 0)
        let cancelled = Task { [gate] in
            while !Task.isCancelled { await Task.yield() }
            try await gate.enter()
        }
        cancelled.cancel()
        await #expect(throws: RemoteFailure.self) { try await cancelled.value }
    }
}
