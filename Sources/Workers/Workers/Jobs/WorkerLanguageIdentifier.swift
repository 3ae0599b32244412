public import Ports

/// Spoken language identification in a worker process.
public struct WorkerLanguageIdentifier: SpokenLanguageIdentifier {
    private let pool: JobPool

    /// Takes a pool whose process answers samples with a language's code.
    public init(_ pool: JobPool) { self.pool = pool }

    public func start() async throws { _ = try await pool.start() }
    public func stop() async { await pool.stop() }

    public func language(of samples: [Int16]) async throws -> String? {
        guard case .text(let code)? = try await pool.run([.samples(samples)]).first, !code.isEmpty else { return nil }
        return code
    }
}
