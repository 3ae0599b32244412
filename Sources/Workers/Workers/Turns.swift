import Synchronization

/// Lets no more decoders compute at a time than there are cores.
///
/// A decoder that has its turn is given all the audio that has come for it meanwhile, and keeps its core until it has decoded that:
/// the more decoders there are, the more each has to do in its turn. If all of them computed at once, each would go on for a moment and
/// find the core's cache full of the others' memory, so that the same speech costs up to twice the processor time. Who only has to
/// finish an utterance comes first, since somebody waits for its result.
///
/// Called with a lease's lock held, and calls no lease.
final class Turns: Sendable {
    private struct State {
        var free: Int
        var waiting: [Entry] = []
    }

    private struct Entry {
        let lease: Lease
        var isFinishing: Bool
    }

    private let state: Mutex<State>
    private let slots: Int

    /// Nobody has a turn or waits for one.
    var isIdle: Bool { state.withLock { $0.free == slots && $0.waiting.isEmpty } }

    init(slots: Int) {
        self.slots = slots
        state = Mutex(State(free: slots))
    }

    /// Whether `lease` may begin at once; else it waits, and ``next()`` names it later. To be called again when it begins to finish.
    func take(_ lease: Lease, isFinishing: Bool) -> Bool {
        state.withLock { state in
            if let index = state.waiting.firstIndex(where: { $0.lease === lease }) {
                state.waiting[index].isFinishing = isFinishing
                return false
            }
            if state.free > 0 {
                state.free -= 1
                return true
            }
            state.waiting.append(Entry(lease: lease, isFinishing: isFinishing))
            return false
        }
    }

    /// A turn is over: whose is the next one? The caller tells it.
    func next() -> Lease? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.remove(at: state.waiting.firstIndex { $0.isFinishing } ?? 0).lease
        }
    }

    /// `lease` waits no longer.
    func leave(_ lease: Lease) { state.withLock { $0.waiting.removeAll { $0.lease === lease } } }
}
