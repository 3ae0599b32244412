import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Speech without noise through sherpa-onnx: GTCRN or DPDFNet. Belongs into a worker process.
///
/// It serves ``EnhancementJob``s, a second of sound at a time, so that its memory does not grow with the recording's length.
public final class EnhancementModel: JobRunner {
    private let denoiser: OpaquePointer
    public let greeting: [JobValue] = []

    /// Loads a model.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses it.
    public init(_ model: ModelDescription, in folder: String, options: RecognitionOptions) throws(SpeechError) {
        let strings = CStrings()
        let path = strings.add(model.path(.model, in: folder))
        var configuration = SherpaOnnxOnlineSpeechDenoiserConfig()
        if model.family == .dpdfnet { configuration.model.dpdfnet.model = path } else { configuration.model.gtcrn.model = path }
        configuration.model.num_threads = Int32(options.threads)
        configuration.model.provider = strings.add(options.provider)
        guard let made = withExtendedLifetime(strings, { SherpaOnnxCreateOnlineSpeechDenoiser(&configuration) }) else {
            throw .refused(model, "sherpa-onnx refuses its file")
        }
        denoiser = made
    }

    deinit { SherpaOnnxDestroyOnlineSpeechDenoiser(denoiser) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard let job = EnhancementJob(request), !job.samples.isEmpty else { return [] }
        SherpaOnnxOnlineSpeechDenoiserReset(denoiser)
        let rate = Int(SherpaOnnxOnlineSpeechDenoiserGetSampleRate(denoiser))
        var result = EnhancementJob(samples: [], sampleRate: rate)
        let length = job.samples.count * rate / job.sampleRate
        result.samples.reserveCapacity(length + rate)
        for begin in stride(from: 0, to: job.samples.count, by: job.sampleRate) {
            let end = min(job.samples.count, begin + job.sampleRate)
            let floats = job.samples[begin..<end].map { Float($0) / 32768 }
            take(
                SherpaOnnxOnlineSpeechDenoiserRun(denoiser, floats, Int32(floats.count), Int32(job.sampleRate)),
                into: &result.samples)
            progress(Double(end) / Double(job.samples.count))
        }
        take(SherpaOnnxOnlineSpeechDenoiserFlush(denoiser), into: &result.samples)
        // The model takes whole frames.
        result.samples.append(contentsOf: repeatElement(0, count: max(0, length - result.samples.count)))
        result.samples.removeLast(result.samples.count - length)
        return result.values
    }

    private func take(_ sound: UnsafePointer<SherpaOnnxDenoisedAudio>?, into samples: inout [Int16]) {
        guard let sound else { return }
        defer { SherpaOnnxDestroyDenoisedAudio(sound) }
        let floats = UnsafeBufferPointer(start: sound.pointee.samples, count: Int(sound.pointee.n))
        samples.append(contentsOf: floats.lazy.map { Int16(clamping: Int(($0 * 32768).rounded())) })
    }
}
