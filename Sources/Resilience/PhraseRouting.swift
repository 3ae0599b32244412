public import Ports
import SpeechModel

/// A recogniser whose wake words another one listens for, because neural models and remote engines cannot.
///
/// The other one is started when it is first needed; what is said meanwhile waits for it.
public final class PhraseRouting: Recognizer {
    private let main: any Recognizer
    private let isMainDeaf: @Sendable () -> Bool
    private let spotter: StandIn
    private let startsAtOnce: Bool
    /// After a failed start nothing is tried again for so long.
    private static let pause: UInt64 = 10_000_000_000

    /// Puts a spotter beside a recogniser.
    ///
    /// - Parameters:
    ///   - isMainDeaf: whether the recogniser cannot listen for phrases at the moment; its model may be exchanged.
    ///   - startsAtOnce: whether it is needed from the start.
    ///   - spotter: makes what can.
    ///   - report: hears of every start of the spotter, in the end.
    public init(
        _ main: any Recognizer, isMainDeaf: @escaping @Sendable () -> Bool, startsAtOnce: Bool, clock: any Clock,
        spotter: @escaping @Sendable () throws -> any Recognizer, report: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        self.main = main
        self.isMainDeaf = isMainDeaf
        self.startsAtOnce = startsAtOnce
        self.spotter = StandIn(pause: Self.pause, clock: clock, make: spotter, report: report)
    }

    public var identity: RecognizerIdentity { main.identity }
    public var load: RecognizerLoad { main.load }
    public func start() async throws {
        if startsAtOnce, isMainDeaf() { try await spotter.ready() }
        try await main.start()
    }

    public func stop() async {
        await main.stop()
        await spotter.stop()
    }

    public func begin(_ request: RecognitionRequest, observer: any RecognitionObserver) -> any Recognition {
        guard request.keyPhrases != nil, isMainDeaf(), let spotter = spotter.need() else {
            return main.begin(request, observer: observer)
        }
        return spotter.begin(request, observer: observer)
    }
}
