import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Speaker embeddings through sherpa-onnx. Belongs into a worker process.
public final class SpeakerEmbeddingModel: JobRunner {
    private let extractor: OpaquePointer
    public let greeting: [JobValue]

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        let strings = CStrings()
        var configuration = SherpaOnnxSpeakerEmbeddingExtractorConfig()
        configuration.model = strings.add(model.files[.model].map { folder + "/" + $0 })
        configuration.num_threads = Int32(options.threads)
        configuration.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateSpeakerEmbeddingExtractor(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its file")
        }
        extractor = made
        greeting = [.numbers([Double(SherpaOnnxSpeakerEmbeddingExtractorDim(made))])]
    }

    deinit { SherpaOnnxDestroySpeakerEmbeddingExtractor(extractor) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard case .samples(let samples)? = request.first,
            let stream = SherpaOnnxSpeakerEmbeddingExtractorCreateStream(extractor)
        else { return [] }
        defer { SherpaOnnxDestroyOnlineStream(stream) }
        let floats = samples.map { Float($0) / 32768 }
        SherpaOnnxOnlineStreamAcceptWaveform(stream, Int32(SampleTime.rate), floats, Int32(floats.count))
        SherpaOnnxOnlineStreamInputFinished(stream)
        // Too short to say anything.
        guard SherpaOnnxSpeakerEmbeddingExtractorIsReady(extractor, stream) != 0,
            let vector = SherpaOnnxSpeakerEmbeddingExtractorComputeEmbedding(extractor, stream)
        else { return [] }
        defer { SherpaOnnxSpeakerEmbeddingExtractorDestroyEmbedding(vector) }
        let count = Int(SherpaOnnxSpeakerEmbeddingExtractorDim(extractor))
        return [.numbers((0..<count).map { Double(vector[$0]) })]
    }
}
