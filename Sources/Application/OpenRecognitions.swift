import Ports
import SpeechModel
import Synchronization

/// A session's utterances that are at the recogniser. Kept apart from the session, so that they can be given up by others than its thread.
final class OpenRecognitions: Sendable {
    private struct State {
        var open: [UtteranceKey: any Recognition] = [:]
        var isOver = false
    }
    private let state = Mutex(State())

    /// All of them.
    var all: [UtteranceKey: any Recognition] { state.withLock { $0.open } }

    subscript(key: UtteranceKey) -> (any Recognition)? {
        get { state.withLock { $0.open[key] } }
        set {
            let isOver = state.withLock { state in
                if !state.isOver { state.open[key] = newValue }
                return state.isOver
            }
            if isOver { newValue?.cancel() }
        }
    }

    /// Takes one out.
    func removeValue(forKey key: UtteranceKey) -> (any Recognition)? { state.withLock { $0.open.removeValue(forKey: key) } }

    /// Gives all of them up, and any that is still to come.
    func cancelAll() {
        let all = state.withLock { state in
            defer { state.open = [:] }
            state.isOver = true
            return state.open
        }
        for recognition in all.values { recognition.cancel() }
    }
}
