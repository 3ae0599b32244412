public import Ports

/// Punctuation from a worker process.
public struct WorkerPunctuator: Punctuator {
    private let pool: JobPool

    /// Takes a pool whose process answers text with text.
    public init(_ pool: JobPool) { self.pool = pool }

    public func start() async throws { _ = try await pool.start() }
    public func stop() async { await pool.stop() }

    public func punctuate(_ text: String) async throws -> String {
        guard case .text(let written)? = try await pool.run([.text(text)]).first else { return text }
        return written
    }
}
