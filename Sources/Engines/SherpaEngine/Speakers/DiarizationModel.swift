import CSherpaOnnx
public import ModelLibrary
public import SpeechModel
public import Workers

/// Speaker diarisation through sherpa-onnx: a segmentation model finds who speaks within ten seconds, embeddings tell which of these
/// are the same person. Belongs into a worker process.
public final class DiarizationModel: JobRunner {
    /// One of the two networks, and where it is.
    public struct Part {
        let model: ModelDescription
        let folder: String

        /// Names a network.
        public init(_ model: ModelDescription, in folder: String) {
            self.model = model
            self.folder = folder
        }

        fileprivate var path: String? { model.files[.model].map { folder + "/" + $0 } }
    }

    /// Somebody who says “mhm” is not a turn, and a breath does not end one (defaults of sherpa-onnx and of pyannote).
    private static let shortestTurn: Float = 0.3
    private static let shortestGap: Float = 0.5

    /// What pyannote's segmentation hears at once, and by how much that moves on, in samples.
    private static let window = 10 * SampleTime.rate
    private static let windowShift = SampleTime.rate

    private let diarization: OpaquePointer
    private let strings = CStrings()
    private var configuration = SherpaOnnxOfflineSpeakerDiarizationConfig()
    public let greeting: [JobValue] = []

    /// Loads both networks.
    ///
    /// - Parameter threshold: two voices whose embeddings are farther apart than this (cosine distance) are two people, where nobody
    ///   says how many there are.
    /// - Throws: ``ErrorCode/brokenModel`` when the library refuses them.
    public init(
        segmentation: Part, embedding: Part, threshold: Double, options: RecognitionOptions
    ) throws(SpeechError) {
        configuration.segmentation.pyannote.model = strings.add(segmentation.path)
        configuration.segmentation.num_threads = Int32(options.threads)
        configuration.segmentation.provider = strings.add(options.provider)
        configuration.embedding.model = strings.add(embedding.path)
        configuration.embedding.num_threads = Int32(options.threads)
        configuration.embedding.provider = strings.add(options.provider)
        configuration.clustering.threshold = Float(threshold)
        configuration.min_duration_on = Self.shortestTurn
        configuration.min_duration_off = Self.shortestGap
        guard let made = SherpaOnnxCreateOfflineSpeakerDiarization(&configuration) else {
            throw .refused(segmentation.model, "sherpa-onnx refuses its file, or that of the embeddings")
        }
        diarization = made
    }

    deinit { SherpaOnnxDestroyOfflineSpeakerDiarization(diarization) }

    public func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue] {
        guard let job = DiarizationJob(request), !job.samples.isEmpty else { return DiarizationJob.values([]) }
        configuration.clustering.num_clusters = Int32(job.speakers ?? 0)
        SherpaOnnxOfflineSpeakerDiarizationSetConfig(diarization, &configuration)
        var floats = job.samples.map { Float($0) / 32768 }
        // The library ends the process when it hears somebody in what it fills the last window with, so that there is nothing to fill.
        if floats.count > Self.window {
            let rest = (floats.count - Self.window) % Self.windowShift
            if rest > 0 { floats += repeatElement(0, count: Self.windowShift - rest) }
        }
        let result = withoutActuallyEscaping(progress) { progress in
            withUnsafePointer(to: progress) { pointer in
                SherpaOnnxOfflineSpeakerDiarizationProcessWithCallback(
                    diarization, floats, Int32(floats.count),
                    { done, all, pointer in
                        let progress = pointer?.assumingMemoryBound(to: ((Double) -> Void).self)
                        progress?.pointee(Double(done) / Double(max(1, all)))
                        return 0
                    }, UnsafeMutableRawPointer(mutating: pointer))
            }
        }
        guard let result else { return DiarizationJob.values([]) }
        defer { SherpaOnnxOfflineSpeakerDiarizationDestroyResult(result) }
        let count = Int(SherpaOnnxOfflineSpeakerDiarizationResultGetNumSegments(result))
        guard count > 0, let segments = SherpaOnnxOfflineSpeakerDiarizationResultSortByStartTime(result) else {
            return DiarizationJob.values([])
        }
        defer { SherpaOnnxOfflineSpeakerDiarizationDestroySegment(segments) }
        // Numbered as they first speak, not as they were clustered.
        var numbers: [Int32: Int] = [:]
        return DiarizationJob.values(
            (0..<count).map { index in
                let segment = segments[index]
                let number = numbers[segment.speaker] ?? numbers.count
                numbers[segment.speaker] = number
                let length = job.samples.count / (SampleTime.rate / 1000)
                return SpeakerTurn(
                    startMS: min(length, Int(segment.start * 1000)), endMS: min(length, Int(segment.end * 1000)), speaker: number)
            })
    }
}
