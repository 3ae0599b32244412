public import Ports

/// Speaker embeddings from a worker process.
public struct WorkerVoiceComparer: VoiceComparer {
    private let pool: JobPool

    /// Takes a pool whose process answers samples with numbers.
    public init(_ pool: JobPool) { self.pool = pool }

    public func start() async throws { _ = try await pool.start() }
    public func stop() async { await pool.stop() }

    public func embedding(of samples: [Int16]) async throws -> [Double] {
        guard case .numbers(let numbers)? = try await pool.run([.samples(samples)]).first else { return [] }
        return numbers
    }
}
