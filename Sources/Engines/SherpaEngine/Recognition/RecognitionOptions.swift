/// How a model computes, whichever it is.
public struct RecognitionOptions: Sendable, Hashable {
    /// Threads of one step.
    public var threads: Int
    /// Where it computes: `cpu` or `cuda`.
    public var provider: String

    /// Makes options.
    public init(threads: Int = 1, provider: String = "cpu") {
        self.threads = threads
        self.provider = provider
    }
}
