/// How a model computes, whichever it is.
public struct RecognitionOptions: Sendable, Hashable {
    /// Threads of one step.
    public var threads: Int
    /// Where it computes: `cpu` or `cuda`.
    public var provider: String
    /// Whether utterances are read before their end, too, by models that read them as wholes.
    public var givesPartials: Bool

    /// Makes options.
    public init(threads: Int = 1, provider: String = "cpu", givesPartials: Bool = true) {
        self.givesPartials = givesPartials
        self.threads = threads
        self.provider = provider
    }
}
