import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Speech without noise through sherpa-onnx: GTCRN or DPDFNet. Belongs into a worker process.
///
/// A job is the sample rate and the samples, and so is its result: the model has a rate of its own.
public final class EnhancementModel: JobRunner {
    private let denoiser: OpaquePointer
    public let greeting: [JobValue] = []

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        let strings = CStrings()
        let path = strings.add(model.files[.model].map { folder + "/" + $0 })
        var configuration = SherpaOnnxOfflineSpeechDenoiserConfig()
        if model.family == .dpdfnet { configuration.model.dpdfnet.model = path } else { configuration.model.gtcrn.model = path }
        configuration.model.num_threads = Int32(options.threads)
        configuration.model.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOfflineSpeechDenoiser(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its file")
        }
        denoiser = made
    }

    deinit { SherpaOnnxDestroyOfflineSpeechDenoiser(denoiser) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard case .numbers(let numbers)? = request.first, let rate = numbers.first, case .samples(let samples)? = request.last,
            !samples.isEmpty
        else {
            return []
        }
        let floats = samples.map { Float($0) / 32768 }
        guard let clean = SherpaOnnxOfflineSpeechDenoiserRun(denoiser, floats, Int32(floats.count), Int32(rate)) else {
            return []
        }
        defer { SherpaOnnxDestroyDenoisedAudio(clean) }
        let result = UnsafeBufferPointer(start: clean.pointee.samples, count: Int(clean.pointee.n))
        return [
            .numbers([Double(clean.pointee.sample_rate)]),
            .samples(result.map { Int16(clamping: Int(($0 * 32768).rounded())) }),
        ]
    }
}
