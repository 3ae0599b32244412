import Synchronization

extension SpeakerBook {
    /// Where an utterance stands in the order of speech. It leaves when it is named, or when nobody wants to know any more.
    public final class Place: Sendable {
        private struct State {
            var isLeft = false
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let before: Mutex<Place?>
        private let state = Mutex(State())

        init(after before: Place?) { self.before = Mutex(before) }

        deinit { leave() }

        /// Waits until all before it have left.
        public func reached() async {
            await before.withLock { $0 }?.left()
            before.withLock { $0 = nil }
        }

        /// Lets the next one go on.
        public func leave() {
            let waiting = state.withLock { state in
                state.isLeft = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }

        private func left() async {
            // One that leaves early does not let others overtake those before it.
            await reached()
            await withCheckedContinuation { continuation in
                let isLeft = state.withLock { state in
                    if !state.isLeft { state.waiting.append(continuation) }
                    return state.isLeft
                }
                if isLeft { continuation.resume() }
            }
        }
    }
}
