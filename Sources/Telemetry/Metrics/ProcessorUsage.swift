import Synchronization

/// Turns growing processor time into a percentage of one core: 100 is one core fully used, 150 is one and a half.
///
/// The percentage covers the time since the previous reading. Readings within a second of it return the same percentage, so that
/// several scrapers do not shorten one another's interval to noise.
final class ProcessorUsage: Sendable {
    private struct State {
        var time: Double
        var cpuSeconds: Double
        var percent: Double
    }
    private let state: Mutex<State>

    /// Starts measuring at `time` (any steady clock, seconds), when `cpuSeconds` were used.
    init(time: Double, cpuSeconds: Double) {
        state = Mutex(State(time: time, cpuSeconds: cpuSeconds, percent: 0))
    }

    /// The percentage at `time`, when `cpuSeconds` are used; both never fall.
    func percent(time: Double, cpuSeconds: Double) -> Double {
        state.withLock { state in
            let elapsed = time - state.time
            if elapsed >= 1 {
                state = State(time: time, cpuSeconds: cpuSeconds, percent: (cpuSeconds - state.cpuSeconds) / elapsed * 100)
            }
            return state.percent
        }
    }
}
