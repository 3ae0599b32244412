import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Ports
import SpeechModel

/// Makes requests of one provider: repeats what failed for a passing reason, gives up in time, and counts.
final class RemoteClient: Sendable {
    /// Waits; not for real in tests.
    typealias Pause = @Sendable (Duration) async throws -> Void

    /// What a provider refuses with is a few hundred bytes.
    private static let refusalLimit = 64 << 10
    private static let connectTimeoutMS = 3000

    let provider: RemoteProvider
    private let kind: RemoteUsage.Kind
    private let usage: RemoteUsage
    private let clock: any Clock
    private let pause: Pause
    private let http: HTTPClient

    init(
        _ provider: RemoteProvider, kind: RemoteUsage.Kind, connections: Int, usage: RemoteUsage, clock: any Clock,
        pause: @escaping Pause
    ) {
        self.provider = provider
        self.kind = kind
        self.usage = usage
        self.clock = clock
        self.pause = pause
        var configuration = HTTPClient.Configuration()
        // A redirect would turn the upload into a download, or take the key elsewhere.
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(
            connect: .milliseconds(Int64(min(Self.connectTimeoutMS, provider.timeoutMS))),
            read: .milliseconds(Int64(provider.timeoutMS)))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        // Repeating is decided here, where it is counted.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(configuration: configuration)
    }

    deinit { http.shutdown { _ in } }

    /// A request with the key in it.
    func request(_ method: HTTPMethod, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: provider.url(path))
        request.method = method
        request.headers.add(name: "User-Agent", value: "mynah")
        if let key = provider.apiKey { request.headers.add(name: "Authorization", value: "Bearer \(key.exposed)") }
        return request
    }

    /// Asks for the list of models, which costs nothing: whether the provider is there, and takes the key.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration`` when the key is refused, else `code`. Who serves no list, or not with this key, is
    ///   there all the same.
    func check(otherwise code: ErrorCode) async throws(SpeechError) {
        do throws(RemoteFailure) {
            try await send(request(.GET, "models"), isRepeated: false) { _ in }
        } catch {
            guard case .refused(let status, _, _) = error else { throw error.explained(provider, code: code) }
            if status == 401 { throw error.explained(provider, code: .invalidConfiguration) }
        }
    }

    /// Sends until it is answered with success, and reads the answer.
    ///
    /// - Parameter read: what is thrown here counts as a failure of the request.
    func send<Answer: Sendable>(
        _ request: HTTPClientRequest, isRepeated: Bool = true,
        read: @escaping @Sendable (HTTPClientResponse) async throws -> Answer
    ) async throws(RemoteFailure) -> Answer {
        let deadline = clock.monotonicNanoseconds + UInt64(provider.timeoutMS) * 1_000_000
        do {
            return try await withThrowingTaskGroup(of: Answer.self) { group in
                group.addTask { [self] in
                    try await attempt(request, most: isRepeated ? RetryPause.attempts : 1, deadline: deadline, read: read)
                }
                group.addTask { [provider] in
                    try await Task.sleep(for: .milliseconds(provider.timeoutMS))
                    throw RemoteFailure.late
                }
                defer { group.cancelAll() }
                return try await group.next()!
            }
        } catch let failure as RemoteFailure {
            if case .late = failure { count(failure.outcome) }
            throw failure
        } catch {
            count(RemoteFailure.cancelled.outcome)
            throw .cancelled
        }
    }

    func shutDown() async { try? await http.shutdown() }

    private func attempt<Answer: Sendable>(
        _ request: HTTPClientRequest, most attempts: Int, deadline: UInt64,
        read: @Sendable (HTTPClientResponse) async throws -> Answer
    ) async throws -> Answer {
        var number = 1
        while true {
            do {
                return try await once(request, read)
            } catch let failure as RemoteFailure {
                let pauseMS = RetryPause.milliseconds(
                    after: number, wished: failure.retryAfterMS, random: clock.randomBits())
                let isInTime = clock.monotonicNanoseconds + UInt64(pauseMS) * 1_000_000 < deadline
                guard failure.isPassing, number < attempts, isInTime else { throw failure }
                try await pause(.milliseconds(pauseMS))
                number += 1
            }
        }
    }

    private func once<Answer: Sendable>(
        _ request: HTTPClientRequest, _ read: @Sendable (HTTPClientResponse) async throws -> Answer
    ) async throws -> Answer {
        let begun = clock.monotonicNanoseconds
        defer { usage.observe(provider, kind, seconds: Double(clock.monotonicNanoseconds &- begun) / 1e9) }
        do {
            let response = try await http.execute(request, deadline: .distantFuture)
            guard (200..<300).contains(response.status.code) else { throw await refusal(response) }
            let answer = try await read(response)
            count("ok")
            return answer
        } catch let failure as RemoteFailure {
            count(failure.outcome)
            throw failure
        } catch {
            // Counted by the one who knows why.
            if Task.isCancelled { throw CancellationError() }
            // The library may notice the silence a moment before we do.
            if (error as? HTTPClientError) == .readTimeout { throw RemoteFailure.late }
            let failure = RemoteFailure.unreachable(error)
            count(failure.outcome)
            throw failure
        }
    }

    private func refusal(_ response: HTTPClientResponse) async -> RemoteFailure {
        let wished = RetryPause.wished(
            milliseconds: response.headers.first(name: "retry-after-ms"),
            retryAfter: response.headers.first(name: "retry-after"), unixMS: clock.unixMilliseconds)
        let body = try? await response.body.collect(upTo: Self.refusalLimit)
        return .reading(
            status: Int(response.status.code), retryAfterMS: wished, body: body.map { Array($0.readableBytesView) } ?? [])
    }

    private func count(_ outcome: String) { usage.count(provider, kind, outcome) }
}
