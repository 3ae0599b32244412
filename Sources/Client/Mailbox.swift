import Synchronization

/// A bounded queue between an event loop that fills it and one task that empties it.
///
/// It never refuses an element; it tells the producer when to pause, and the receiver when the producer may go on.
final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isFinished = false
        var isPaused = false
        var receiver: CheckedContinuation<Element?, Never>?
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// Makes a mailbox that asks to pause at `capacity` elements and to go on at half of it.
    init(capacity: Int) { self.capacity = capacity }

    /// Adds an element.
    ///
    /// - Returns: whether the producer should go on; if not, it waits until `receive` says so.
    func send(_ element: Element) -> Bool {
        state.withLock { state in
            guard !state.isFinished else { return true }
            if let receiver = state.receiver {
                state.receiver = nil
                receiver.resume(returning: element)
                return true
            }
            state.elements.append(element)
            state.isPaused = state.elements.count >= capacity
            return !state.isPaused
        }
    }

    /// Says that nothing will follow.
    func finish() {
        state.withLock { state in
            state.isFinished = true
            state.receiver?.resume(returning: nil)
            state.receiver = nil
        }
    }

    /// The next element; `nil` at the end, or when the calling task is cancelled. One task at a time.
    ///
    /// - Parameter goOn: called when the producer, which was asked to pause, may go on.
    func receive(goOn: () -> Void) async -> Element? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mayGoOn = state.withLock { state in
                    if !state.elements.isEmpty {
                        continuation.resume(returning: state.elements.removeFirst())
                    } else if state.isFinished || Task.isCancelled {
                        continuation.resume(returning: nil)
                    } else {
                        state.receiver?.resume(returning: nil)
                        state.receiver = continuation
                    }
                    guard state.isPaused, state.elements.count <= capacity / 2 else { return false }
                    state.isPaused = false
                    return true
                }
                if mayGoOn { goOn() }
            }
        } onCancel: {
            state.withLock { state in
                state.receiver?.resume(returning: nil)
                state.receiver = nil
            }
        }
    }
}
