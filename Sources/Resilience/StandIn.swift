import Ports
import SpeechModel
import Synchronization

/// A recogniser that is made and started when it is first needed, and kept from then on.
final class StandIn: Sendable {
    private struct State {
        var recognizer: (any Recognizer)?
        /// Counts what was made, so that a late failure does not take its successor away.
        var number = 0
        var retryAt: UInt64 = 0
        var isStopped = false
    }

    private let make: @Sendable () throws -> any Recognizer
    private let pause: UInt64
    private let clock: any Clock
    private let report: @Sendable (Result<Void, any Error>) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - pause: after a failed start, for so many ns nothing is tried again.
    ///   - report: hears of every start, in the end.
    init(
        pause: UInt64, clock: any Clock, make: @escaping @Sendable () throws -> any Recognizer,
        report: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        self.make = make
        self.pause = pause
        self.clock = clock
        self.report = report
    }

    /// The recogniser, if it was made.
    var current: (any Recognizer)? { state.withLock { $0.recognizer } }

    /// The recogniser, begun to be started if it was not: what is begun meanwhile waits for it. Nil when it cannot be had.
    func need() -> (any Recognizer)? {
        guard case .success(let recognizer) = obtain() else { return nil }
        return recognizer
    }

    /// Waits until it is started.
    ///
    /// - Throws: why it cannot be, which was reported, too.
    func ready() async throws {
        guard let obtained = obtain() else {
            let error = SpeechError(
                .recogniserFailed, "It could not be started a moment ago.", advice: "Wait a few seconds, and look at the log.")
            report(.failure(error))
            throw error
        }
        // A second start of the same waits for the first, or fails as that did.
        try await obtained.get().start()
    }

    /// Nil when nothing is tried at the moment.
    private func obtain() -> Result<any Recognizer, any Error>? {
        let now = clock.monotonicNanoseconds
        let (result, number) = state.withLock { state -> (Result<any Recognizer, any Error>?, Int?) in
            if let recognizer = state.recognizer { return (.success(recognizer), nil) }
            guard now >= state.retryAt, !state.isStopped else { return (nil, nil) }
            let result = Result { try make() }
            switch result {
            case .success(let recognizer):
                state.recognizer = recognizer
                state.number += 1
                return (result, state.number)
            case .failure:
                state.retryAt = now + pause
                return (result, nil)
            }
        }
        switch (result, number) {
        case (.failure(let error), _): report(.failure(error))
        case (.success(let recognizer), let number?): Task { await start(recognizer, number) }
        default: break
        }
        return result
    }

    private func start(_ recognizer: any Recognizer, _ number: Int) async {
        do {
            try await recognizer.start()
            report(.success(()))
        } catch {
            state.withLock { state in
                guard state.number == number else { return }
                state.recognizer = nil
                state.retryAt = clock.monotonicNanoseconds + pause
            }
            await recognizer.stop()
            report(.failure(error))
        }
    }

    func stop() async {
        let recognizer = state.withLock { state in
            state.isStopped = true
            return state.recognizer
        }
        await recognizer?.stop()
    }
}
