import SpeechModel
import Synchronization

/// Which stage a session's thread is in, for whoever wonders why it does not come back. Costs two stores for each stage.
final class Activity: Sendable {
    private let index = Atomic<Int>(0)

    /// The stage that was entered last and not left.
    var stage: PipelineStage { PipelineStage.allCases[index.load(ordering: .relaxed)] }

    /// Says so while `body` runs.
    func during<T>(_ stage: PipelineStage, _ body: () throws -> T) rethrows -> T {
        let before = index.load(ordering: .relaxed)
        index.store(Self.place(of: stage), ordering: .relaxed)
        defer { index.store(before, ordering: .relaxed) }
        return try body()
    }

    private static func place(of stage: PipelineStage) -> Int {
        switch stage {
        case .capture: 0
        case .wakeword: 1
        case .preprocess: 2
        case .stt: 3
        case .language: 4
        case .publish: 5
        }
    }
}
