import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Which language is spoken, through sherpa-onnx: a multilingual Whisper says so first. Belongs into a worker process.
///
/// A job is samples, 16 kHz; its result is the language's code.
public final class LanguageModel: JobRunner {
    private let identifier: OpaquePointer
    public let greeting: [JobValue] = []
    /// Less makes the library end the process.
    private static let shortest = SampleTime.rate / 20

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when it knows one language only, or the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        guard model.tellsLanguages else { throw .refused(model, "it does not tell languages") }
        let strings = CStrings()
        var configuration = SherpaOnnxSpokenLanguageIdentificationConfig()
        configuration.whisper.encoder = strings.add(model.path(.encoder, in: folder))
        configuration.whisper.decoder = strings.add(model.path(.decoder, in: folder))
        configuration.whisper.tail_paddings = -1
        configuration.num_threads = Int32(options.threads)
        configuration.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateSpokenLanguageIdentification(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its files")
        }
        identifier = made
    }

    deinit { SherpaOnnxDestroySpokenLanguageIdentification(identifier) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard case .samples(let samples)? = request.first, samples.count >= Self.shortest,
            let stream = SherpaOnnxSpokenLanguageIdentificationCreateOfflineStream(identifier)
        else { return [] }
        defer { SherpaOnnxDestroyOfflineStream(stream) }
        let floats = samples.map { Float($0) / 32768 }
        SherpaOnnxAcceptWaveformOffline(stream, Int32(SampleTime.rate), floats, Int32(floats.count))
        guard let result = SherpaOnnxSpokenLanguageIdentificationCompute(identifier, stream) else { return [] }
        defer { SherpaOnnxDestroySpokenLanguageIdentificationResult(result) }
        return [.text(result.pointee.lang.map { String(cString: $0) } ?? "")]
    }
}
