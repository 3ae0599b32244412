public import Ports
public import SpeechModel

/// Speaker diarisation in a worker process.
public struct WorkerDiarizer: SpeakerDiarizer {
    private let pool: JobPool

    /// Takes a pool whose process serves ``DiarizationJob``s.
    public init(_ pool: JobPool) { self.pool = pool }

    public func start() async throws { _ = try await pool.start() }
    public func stop() async { await pool.stop() }

    public func turns(
        in samples: [Int16], speakers: Int?, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> [SpeakerTurn] {
        DiarizationJob.turns(try await pool.run(DiarizationJob(samples: samples, speakers: speakers).values, progress: progress))
    }
}

/// A recording whose speakers are to be told apart.
public struct DiarizationJob: Sendable {
    public var samples: [Int16]
    /// How many there are; nil where that is not known.
    public var speakers: Int?

    public init(samples: [Int16], speakers: Int?) {
        self.samples = samples
        self.speakers = speakers
    }

    public init?(_ values: [JobValue]) {
        guard case .numbers(let numbers)? = values.first, let speakers = numbers.first, case .samples(let samples)? = values.last
        else { return nil }
        self.init(samples: samples, speakers: speakers > 0 ? Int(speakers) : nil)
    }

    public var values: [JobValue] { [.numbers([Double(speakers ?? 0)]), .samples(samples)] }

    /// Its result as the process sends it.
    public static func values(_ turns: [SpeakerTurn]) -> [JobValue] {
        [.numbers(turns.flatMap { [Double($0.startMS), Double($0.endMS), Double($0.speaker)] })]
    }

    static func turns(_ values: [JobValue]) -> [SpeakerTurn] {
        guard case .numbers(let numbers)? = values.first else { return [] }
        return stride(from: 0, to: numbers.count - numbers.count % 3, by: 3).map {
            SpeakerTurn(startMS: Int(numbers[$0]), endMS: Int(numbers[$0 + 1]), speaker: Int(numbers[$0 + 2]))
        }
    }
}
