/// How a model computes, whichever it is.
public struct RecognitionOptions: Sendable, Hashable {
    /// Threads of one step.
    public var threads: Int
    /// Where it computes: `cpu` or `cuda`.
    public var provider: String
    /// What a model that must be told one of its languages is told, where nobody says more, ISO 639-1.
    public var language: String
    /// How many readings a transducer follows at once, ≥1; 1 takes the best at every step, as other models always do.
    public var beamSize: Int
    /// Whether utterances are read before their end, too, by models that read them as wholes.
    public var givesPartials: Bool

    /// Makes options.
    public init(
        threads: Int = 1, provider: String = "cpu", language: String = "en", beamSize: Int = 1, givesPartials: Bool = true
    ) {
        self.beamSize = beamSize
        self.language = language
        self.givesPartials = givesPartials
        self.threads = threads
        self.provider = provider
    }
}
