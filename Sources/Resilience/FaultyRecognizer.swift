import Glibc
public import Ports
import SpeechModel
import Synchronization

/// Makes a recogniser go wrong as a ``FaultPlan`` says.
public final class FaultyRecognizer: Recognizer {
    private let recognizer: any Recognizer
    private let plan: FaultPlan
    private let count = Atomic<Int>(0)

    /// Spoils `recognizer`, whose decoders must look for a ``DecoderFault``.
    public init(_ recognizer: any Recognizer, plan: FaultPlan) {
        self.recognizer = recognizer
        self.plan = plan
    }

    public var identity: RecognizerIdentity { recognizer.identity }
    public var load: RecognizerLoad { recognizer.load }
    public func start() async throws { try await recognizer.start() }
    public func stop() async { await recognizer.stop() }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        if let ms = plan.stall(.stt, number) { usleep(UInt32(ms) * 1000) }
        var request = request
        if let fault = plan.decoderFault(number) { request.adaptation = fault.marking(request.adaptation) }
        return recognizer.begin(request, observer: observer)
    }
}
