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
        var floats = job.samples.map { Float($0) / 32768 }
        // The library ends the process when it hears somebody in what it fills the last window with, so that there is nothing to fill.
        if floats.count > Self.window {
            let rest = (floats.count - Self.window) % Self.windowShift
            if rest > 0 { floats += repeatElement(0, count: Self.windowShift - rest) }
        }
        let turns = process(floats, speakers: job.speakers, progress)
        // Asked for more people than there are turns, the library takes all for one.
        let asksTooMany = job.speakers ?? 0 > 1 && Set(turns.map(\.speaker)).count == 1
        return DiarizationJob.values(
            numbered(asksTooMany ? process(floats, speakers: nil, progress) : turns, within: job.samples.count))
    }

    /// Who speaks when, as the library numbers them.
    private func process(_ floats: [Float], speakers: Int?, _ progress: (Double) -> Void) -> [Turn] {
        configuration.clustering.num_clusters = Int32(speakers ?? 0)
        SherpaOnnxOfflineSpeakerDiarizationSetConfig(diarization, &configuration)
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
        guard let result else { return [] }
        defer { SherpaOnnxOfflineSpeakerDiarizationDestroyResult(result) }
        let count = Int(SherpaOnnxOfflineSpeakerDiarizationResultGetNumSegments(result))
        guard count > 0, let segments = SherpaOnnxOfflineSpeakerDiarizationResultSortByStartTime(result) else { return [] }
        defer { SherpaOnnxOfflineSpeakerDiarizationDestroySegment(segments) }
        return (0..<count).map { (Int(segments[$0].start * 1000), Int(segments[$0].end * 1000), segments[$0].speaker) }
    }

    private typealias Turn = (startMS: Int, endMS: Int, speaker: Int32)

    /// Numbered as they first speak, not as they were clustered.
    private func numbered(_ turns: [Turn], within samples: Int) -> [SpeakerTurn] {
        let length = samples / (SampleTime.rate / 1000)
        var numbers: [Int32: Int] = [:]
        return turns.map { turn in
            let number = numbers[turn.speaker] ?? numbers.count
            numbers[turn.speaker] = number
            return SpeakerTurn(startMS: min(length, turn.startMS), endMS: min(length, turn.endMS), speaker: number)
        }
    }
}
