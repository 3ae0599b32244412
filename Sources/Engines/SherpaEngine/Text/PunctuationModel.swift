import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Commas, full stops and question marks through sherpa-onnx. Belongs into a worker process.
public final class PunctuationModel: JobRunner {
    private let punctuation: OpaquePointer
    public let greeting: [JobValue] = []

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        let strings = CStrings()
        var configuration = SherpaOnnxOfflinePunctuationConfig()
        configuration.model.ct_transformer = strings.add(model.files[.model].map { folder + "/" + $0 })
        configuration.model.num_threads = Int32(options.threads)
        configuration.model.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOfflinePunctuation(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its file")
        }
        punctuation = made
    }

    deinit { SherpaOnnxDestroyOfflinePunctuation(punctuation) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard case .text(let text)? = request.first, let written = SherpaOfflinePunctuationAddPunct(punctuation, text) else {
            return request
        }
        defer { SherpaOfflinePunctuationFreeText(written) }
        return [.text(String(cString: written))]
    }
}
