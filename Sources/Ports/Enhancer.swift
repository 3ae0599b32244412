/// Takes the noise out of speech.
public protocol Enhancer: Sendable {
    /// Loads the model.
    func start() async throws
    /// The speech without the noise, as long as before; the model has a rate of its own.
    ///
    /// - Parameters:
    ///   - samples: mono, 16-bit.
    ///   - sampleRate: of `samples`, in Hz.
    ///   - progress: hears how far it is, 0 to 1.
    func enhance(
        _ samples: [Int16], sampleRate: Int, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> (samples: [Int16], sampleRate: Int)
    /// Frees the model.
    func stop() async
}
