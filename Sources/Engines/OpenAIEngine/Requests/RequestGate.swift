import Synchronization

/// Lets a number of requests through at once. Others wait in their order, so many of them and so long as is allowed.
final class RequestGate: Sendable {
    private enum Verdict {
        case admitted
        case crowded
        case cancelled
    }

    private struct State {
        var busy = 0
        var waiting: [(number: Int, continuation: CheckedContinuation<Verdict, Never>)] = []
        var lastNumber = 0
    }

    /// How many are let through at once.
    let limit: Int
    private let maximumWaiting: Int
    private let maximumWaitMS: Int?
    private let state = Mutex(State())

    init(limit: Int, maximumWaiting: Int, maximumWaitMS: Int?) {
        self.limit = limit
        self.maximumWaiting = maximumWaiting
        self.maximumWaitMS = maximumWaitMS
    }

    var busy: Int { state.withLock { $0.busy } }
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits to be let through; every return is followed by one ``leave()``.
    func enter() async throws(RemoteFailure) {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let patience = maximumWaitMS.map { ms in
            Task { [self] in
                try await Task.sleep(for: .milliseconds(ms))
                sendAway(number, .crowded)
            }
        }
        defer { patience?.cancel() }
        let verdict = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { state -> Verdict? in
                    // Looked at here, with the lock held: who is cancelled from now on is found among those that wait.
                    if Task.isCancelled { return .cancelled }
                    if state.busy < limit {
                        state.busy += 1
                        return .admitted
                    }
                    if state.waiting.count >= maximumWaiting { return .crowded }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            sendAway(number, .cancelled)
        }
        switch verdict {
        case .admitted: return
        case .crowded: throw .crowded
        case .cancelled: throw .cancelled
        }
    }

    /// Lets the next one through.
    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Verdict, Never>? in
            guard !state.waiting.isEmpty else {
                state.busy -= 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: .admitted)
    }

    private func sendAway(_ number: Int, _ verdict: Verdict) {
        let continuation = state.withLock { state -> CheckedContinuation<Verdict, Never>? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: index).continuation
        }
        continuation?.resume(returning: verdict)
    }
}
