/// Tells which language is spoken.
public protocol SpokenLanguageIdentifier: Sendable {
    /// Loads the model.
    func start() async throws
    /// The language's ISO 639-1 code; nil when the model does not know.
    ///
    /// - Parameter samples: speech: 16 kHz, mono, 16-bit; more than 30 s are of no use.
    func language(of samples: [Int16]) async throws -> String?
    /// Frees the model.
    func stop() async
}
