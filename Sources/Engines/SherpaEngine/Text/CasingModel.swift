import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Punctuation and capitals through sherpa-onnx' online API. Belongs into a worker process.
public final class CasingModel: JobRunner {
    private let punctuation: OpaquePointer
    public let greeting: [JobValue] = []

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        let strings = CStrings()
        var configuration = SherpaOnnxOnlinePunctuationConfig()
        configuration.model.cnn_bilstm = strings.add(model.path(.model, in: folder))
        configuration.model.bpe_vocab = strings.add(model.path(.pieces, in: folder))
        configuration.model.num_threads = Int32(options.threads)
        configuration.model.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOnlinePunctuation(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        punctuation = made
    }

    deinit { SherpaOnnxDestroyOnlinePunctuation(punctuation) }

    /// The library reads texts in rows of 200 pieces, and networks are published that give the rows back in another order: so one row at
    /// a time. A word has no more pieces than bytes, and the mark of its beginning.
    private static let rowPieces = 198

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard case .text(let text)? = request.first else { return request }
        var written: [String] = []
        var row: [String] = []
        var pieces = 0
        func finishRow() {
            if !row.isEmpty { written += write(row) }
            row = []
            pieces = 0
        }
        for word in text.split(separator: " ").map(String.init) {
            let needed = word.utf8.count + 1
            if pieces + needed > Self.rowPieces { finishRow() }
            if needed > Self.rowPieces {
                written.append(word)
            } else {
                row.append(word)
                pieces += needed
            }
        }
        finishRow()
        return [.text(written.joined(separator: " "))]
    }

    /// The words with marks and capitals; as they are when the model loses some.
    private func write(_ words: [String]) -> [String] {
        // Its pieces are small letters; it puts the capitals back.
        let small = words.joined(separator: " ").lowercased()
        guard let text = SherpaOnnxOnlinePunctuationAddPunct(punctuation, small) else { return words }
        defer { SherpaOnnxOnlinePunctuationFreeText(text) }
        let written = String(cString: text).split(separator: " ").map(String.init)
        return written.count == words.count ? written : words
    }
}
