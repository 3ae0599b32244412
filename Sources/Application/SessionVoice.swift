import PipelineFeed
import SpeechModel
import Synchronization
import Telemetry

/// What a session publishes, in one order and up to its end, whoever tells that: its own thread, or the watchdog when that is stuck.
final class SessionVoice: Sendable {
    private struct State {
        var states = SessionStates()
        var outputs: [SessionOutput] = []
    }

    /// What its thread is doing.
    let activity = Activity()
    private let id: SessionID
    private let services: SessionServices
    private let state = Mutex(State())
    private let hasBeenGivenUp = Atomic<Bool>(false)

    init(_ id: SessionID, services: SessionServices) {
        self.id = id
        self.services = services
    }

    /// Whether the session was given up: nothing more is told.
    var isOver: Bool { hasBeenGivenUp.load(ordering: .acquiring) }

    /// Before the first thing that is told: the states of a session that has not begun.
    func begin(_ states: SessionStates) { state.withLock { $0.states = states } }

    /// Takes what happened, and publishes what follows from it.
    func tell(_ input: SessionInput) { activity.during(.publish) { state.withLock { tell(input, &$0) } } }

    /// Publishes a transcript; returns false when the session was given up meanwhile.
    func publish(_ transcript: Publication) -> Bool {
        activity.during(.publish) {
            state.withLock { _ in
                guard !isOver else { return false }
                services.feed.publish(transcript)
                return true
            }
        }
    }

    /// The session's end, for a failure of a stage that its thread does not come back from.
    func giveUp(_ stage: PipelineStage, _ error: SpeechError) {
        // Not available: the thread is stuck right here, in publishing, and there is nobody to tell.
        state.withLockIfAvailable { tell(.failed(stage, error, .session), &$0) }
        hasBeenGivenUp.store(true, ordering: .releasing)
        services.feed.ended(id)
    }

    private func tell(_ input: SessionInput, _ state: inout State) {
        guard !isOver else { return }
        state.states.apply(input, into: &state.outputs)
        for output in state.outputs {
            switch output {
            case .transition(let from, let to): services.metrics.transitions[from.rawValue, to.rawValue].increment()
            case .event(let event): services.feed.publish(event, of: id)
            }
        }
        state.outputs.removeAll(keepingCapacity: true)
    }
}
