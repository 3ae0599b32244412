import Synchronization

/// Passes elements from one task to another, one at a time: the giver waits until its element was taken.
final class Handover<Element: Sendable>: Sendable {
    private struct State {
        var element: Element?
        var giver: CheckedContinuation<Bool, Never>?
        var taker: CheckedContinuation<Element?, any Error>?
        var end: Result<Void, any Error>?
    }

    private let state = Mutex(State())

    /// Gives; returns whether it was taken, else nobody listens any more.
    func give(_ element: Element) async -> Bool {
        await withCheckedContinuation { continuation in
            let (taker, isTaken) = state.withLock { state -> (CheckedContinuation<Element?, any Error>?, Bool?) in
                guard state.end == nil else { return (nil, false) }
                if let taker = state.taker {
                    state.taker = nil
                    return (taker, true)
                }
                state.element = element
                state.giver = continuation
                return (nil, nil)
            }
            taker?.resume(returning: element)
            if let isTaken { continuation.resume(returning: isTaken) }
        }
    }

    /// Takes; nil at the end.
    func take() async throws -> Element? {
        try await withCheckedThrowingContinuation { continuation in
            let (giver, result) = state.withLock { state -> (CheckedContinuation<Bool, Never>?, Result<Element?, any Error>?) in
                if let element = state.element {
                    defer { (state.element, state.giver) = (nil, nil) }
                    return (state.giver, .success(element))
                }
                if let end = state.end { return (nil, end.map { nil }) }
                state.taker = continuation
                return (nil, nil)
            }
            giver?.resume(returning: true)
            if let result { continuation.resume(with: result) }
        }
    }

    /// Says that nothing follows, and why not if something should. Only the first time counts.
    func end(_ result: Result<Void, any Error> = .success(())) {
        let (giver, taker) = state.withLock { state in
            defer { (state.element, state.giver, state.taker) = (nil, nil, nil) }
            if state.end == nil { state.end = result }
            return (state.giver, state.taker)
        }
        giver?.resume(returning: false)
        taker?.resume(with: result.map { nil })
    }
}
