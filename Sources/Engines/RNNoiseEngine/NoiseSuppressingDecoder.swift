public import SpeechModel
public import Workers

/// Puts a noise suppressor in front of another decoder, for the utterances that ask for it.
public final class NoiseSuppressingDecoder: UtteranceDecoder {
    /// Marks what was learnt from suppressed audio: it would mislead a decoder that hears the room as it is, and the reverse.
    private static let mark = "suppressed:"

    private let decoder: any UtteranceDecoder
    private var suppressor: NoiseSuppressor?

    /// Puts a suppressor in front of `decoder`.
    public init(_ decoder: any UtteranceDecoder) { self.decoder = decoder }

    public func start(adaptation: String?, suppressesNoise: Bool, keyPhrases: KeyPhrases?) throws {
        suppressor = suppressesNoise ? try NoiseSuppressor() : nil
        var usable: String?
        if let adaptation, adaptation.hasPrefix(Self.mark) == suppressesNoise {
            usable = String(adaptation.dropFirst(suppressesNoise ? Self.mark.count : 0))
        }
        try decoder.start(adaptation: usable, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases)
    }

    public func accept(_ samples: UnsafeBufferPointer<Int16>) throws {
        guard let suppressor else { return try decoder.accept(samples) }
        try suppressor.suppress(samples) { if !$0.isEmpty { try decoder.accept($0) } }
    }

    public func partial() -> Hypothesis { decoder.partial() }

    public func finish() throws -> (hypothesis: Hypothesis, adaptation: String?) {
        guard let suppressor else { return try decoder.finish() }
        try suppressor.flush { if !$0.isEmpty { try decoder.accept($0) } }
        let (hypothesis, adaptation) = try decoder.finish()
        return (hypothesis, adaptation.map { Self.mark + $0 })
    }

    public func cancel() {
        suppressor = nil
        decoder.cancel()
    }
}
