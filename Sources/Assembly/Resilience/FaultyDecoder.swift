import Glibc
import Resilience
import SpeechModel
import Workers

/// Goes wrong in a worker process as a ``DecoderFault`` says.
final class FaultyDecoder: UtteranceDecoder {
    private let decoder: any UtteranceDecoder
    private var fault: DecoderFault?

    init(_ decoder: any UtteranceDecoder) { self.decoder = decoder }

    /// - Throws: ``ErrorCode/brokenModel`` when the model is to be taken for unreadable.
    static func checkModel(_ plan: FaultPlan) throws(SpeechError) {
        guard let path = plan.modelIsGoneWhile, access(path, F_OK) == 0 else { return }
        throw SpeechError(
            .brokenModel, "The model is taken for unreadable, because \(path) exists.", advice: "Remove that file.")
    }

    func start(adaptation: String?, suppressesNoise: Bool, keyPhrases: KeyPhrases?) throws {
        let (fault, adaptation) = DecoderFault.read(adaptation)
        self.fault = fault
        try decoder.start(adaptation: adaptation, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases)
    }

    func accept(_ samples: UnsafeBufferPointer<Int16>) throws {
        switch fault {
        case .crash: abort()
        case .hang: while true { sleep(1000) }
        case .slow, nil: try decoder.accept(samples)
        }
    }

    func partial() -> Hypothesis { decoder.partial() }

    func finish() throws -> (hypothesis: Hypothesis, adaptation: String?) {
        if case .slow(let ms) = fault { usleep(UInt32(ms) * 1000) }
        return try decoder.finish()
    }

    func cancel() { decoder.cancel() }
}
