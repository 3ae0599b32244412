public import Ports

/// Speech enhancement in a worker process.
public struct WorkerEnhancer: Enhancer {
    private let pool: JobPool

    /// Takes a pool whose process serves ``EnhancementJob``s.
    public init(_ pool: JobPool) { self.pool = pool }

    public func start() async throws { _ = try await pool.start() }
    public func stop() async { await pool.stop() }

    public func enhance(
        _ samples: [Int16], sampleRate: Int, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> (samples: [Int16], sampleRate: Int) {
        let job = EnhancementJob(samples: samples, sampleRate: sampleRate)
        guard let result = EnhancementJob(try await pool.run(job.values, progress: progress)) else { return ([], sampleRate) }
        return (result.samples, result.sampleRate)
    }
}

/// Sound with noise, and the answer without; mono, 16-bit.
public struct EnhancementJob: Sendable {
    public var samples: [Int16]
    public var sampleRate: Int

    public init(samples: [Int16], sampleRate: Int) {
        self.samples = samples
        self.sampleRate = sampleRate
    }

    public init?(_ values: [JobValue]) {
        guard case .numbers(let numbers)? = values.first, let rate = numbers.first, rate >= 1,
            case .samples(let samples)? = values.last
        else { return nil }
        self.init(samples: samples, sampleRate: Int(rate))
    }

    public var values: [JobValue] { [.numbers([Double(sampleRate)]), .samples(samples)] }
}
