/// Puts commas, full stops and question marks into a text that has none.
public protocol Punctuator: Sendable {
    /// Loads the model.
    func start() async throws
    /// The same words with punctuation behind them.
    func punctuate(_ text: String) async throws -> String
    /// Frees the model.
    func stop() async
}
