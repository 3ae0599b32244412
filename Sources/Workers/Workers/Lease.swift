import Glibc
import Ports
import SpeechModel
import Synchronization

/// One utterance's hold on a decoder, and the keeper of its audio until the final hypothesis is there.
///
/// The session's thread appends, the supervisor's thread attaches and detaches the worker; the lock is held for a memory copy and a
/// non-blocking write.
final class Lease: Recognition {
    private struct State {
        var audio: [Int16] = []
        var sent = 0
        var heard = 0
        var finished = false
        var finishSent = false
        var cancelled = false
        var isParked = false
        var cancelSent = false
        var over = false
        var socket: CInt?
        var utterance: UInt32 = 0
        var outgoing = MessageWriter()
        var owedSince: UInt64?
        var turn = Turn.none

        /// A decoder that was only told of an utterance waits for its turn, and owes nothing.
        var owesAnswer: Bool { heard < sent || finishSent || cancelSent }
    }

    private enum Turn {
        case none, waiting
        /// The decoder may be given audio.
        case given
        /// The decoder was given audio, and has not decoded it yet.
        case computing
    }

    /// At most 0.5 s of audio in one turn: others wait for theirs, and a replay must not fill the socket with one message.
    private static let samplesPerTurn = SampleTime.rate / 2

    let request: RecognitionRequest
    let observer: any RecognitionObserver
    private let supervisor: Supervisor
    private let state = Mutex(State())

    init(request: RecognitionRequest, observer: any RecognitionObserver, supervisor: Supervisor) {
        self.request = request
        self.observer = observer
        self.supervisor = supervisor
        state.withLock { $0.audio.reserveCapacity(SampleTime.rate * 4) }
    }

    // MARK: the session's side

    func append(_ samples: UnsafeBufferPointer<Int16>) {
        takeUp { state in
            guard !state.finished, !state.cancelled, !state.over else { return false }
            state.audio.append(contentsOf: samples)
            return true
        }
    }

    func finish() {
        takeUp { state in
            state.finished = true
            return true
        }
    }

    func cancel() {
        state.withLock { state in
            state.cancelled = true
            if state.turn == .waiting {
                supervisor.turns.leave(self)
                state.turn = .none
            }
            _ = pump(&state)
        }
        supervisor.post(.attend)
    }

    func park() {
        let mustRelease = state.withLock { state in
            guard !state.isParked, !state.finished, !state.cancelled, !state.over else { return false }
            state.isParked = true
            return true
        }
        if mustRelease { supervisor.post(.release(self)) }
    }

    /// Changes the state, and sends on what `change` says is new.
    private func takeUp(_ change: (inout State) -> Bool) {
        let (blocked, wasParked) = state.withLock { state in
            guard change(&state) else { return (false, false) }
            let wasParked = state.isParked
            state.isParked = false
            return (!pump(&state), wasParked)
        }
        if wasParked { supervisor.post(.begin(self)) }
        if blocked { supervisor.post(.attend) }
    }

    // MARK: the supervisor's side

    /// Gives the lease a decoder and sends everything from the utterance's beginning.
    func attach(socket: CInt, utterance: UInt32) {
        state.withLock { state in
            state.socket = socket
            state.utterance = utterance
            state.sent = 0
            state.heard = 0
            state.finishSent = false
            state.cancelSent = false
            state.outgoing.removeAll()
            state.outgoing.write(.begin, utterance: utterance) {
                $0.put(self.request.adaptation ?? "")
                $0.put(UInt32(self.request.suppressesNoise ? 1 : 0))
                $0.put(self.request.keyPhrases)
                $0.put(self.request.language ?? "")
            }
            state.owedSince = nil
            _ = pump(&state)
        }
    }

    /// Takes the decoder away; afterwards the session's thread can no longer write to its socket.
    func detach() {
        state.withLock { state in
            state.socket = nil
            return giveUpTurn(&state)
        }?.beginTurn()
    }

    /// No update will follow.
    func close() {
        state.withLock { state in
            state.over = true
            state.socket = nil
            state.audio = []
            return giveUpTurn(&state)
        }?.beginTurn()
    }

    var isCancelled: Bool { state.withLock { $0.cancelled } }
    /// Bytes wait for the socket to take them.
    var isBlocked: Bool { state.withLock { $0.socket != nil && !$0.outgoing.bytes.isEmpty } }
    /// Since when the worker owes an answer; nil when it owes none.
    var owedSince: UInt64? { state.withLock { $0.owedSince } }

    /// Sends what the socket takes now.
    func resume() { state.withLock { _ = pump(&$0) } }

    /// The worker showed a sign of life after `samples` samples.
    func heard(through samples: Int) {
        state.withLock { state in
            state.heard = max(state.heard, samples)
            state.owedSince = state.owesAnswer ? supervisor.now : nil
            guard state.turn == .computing, state.heard >= state.sent, !state.finishSent else { return nil as Lease? }
            let next = giveUpTurn(&state)
            _ = pump(&state)
            return next
        }?.beginTurn()
    }

    /// The lease's turn has come.
    private func beginTurn() {
        var lease: Lease? = self
        while let current = lease {
            lease = current.state.withLock { state in
                // Between being named and being told, it may have been cancelled, or have found another turn free.
                guard state.turn == .waiting else { return supervisor.turns.next() }
                state.turn = .given
                _ = current.pump(&state)
                return state.turn == .given ? current.giveUpTurn(&state) : nil
            }
        }
    }

    /// Leaves the turn to the lease that is returned, if this one has it.
    private func giveUpTurn(_ state: inout State) -> Lease? {
        defer { state.turn = .none }
        switch state.turn {
        case .none: return nil
        case .waiting:
            supervisor.turns.leave(self)
            return nil
        case .given, .computing: return supervisor.turns.next()
        }
    }

    private func hasTurn(_ state: inout State) -> Bool {
        switch state.turn {
        case .given: return true
        case .computing: return false
        case .none, .waiting:
            state.turn = supervisor.turns.take(self, isFinishing: state.finished && !request.isBackground) ? .given : .waiting
            return state.turn == .given
        }
    }

    /// Moves audio and requests into the socket. False when the socket is full and the supervisor must wait for it.
    private func pump(_ state: inout State) -> Bool {
        guard let socket = state.socket else { return true }
        while true {
            if !state.outgoing.bytes.isEmpty {
                let count = state.outgoing.bytes.withUnsafeBytes {
                    send(socket, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
                }
                if count < 0 {
                    if errno == EINTR { continue }
                    // Full: the supervisor polls. Broken: the supervisor sees the hang-up and replays.
                    return errno != EAGAIN
                }
                if count < state.outgoing.bytes.count {
                    state.outgoing.removeFirst(count)
                    return false
                }
                state.outgoing.removeAll()
                if state.owedSince == nil, state.owesAnswer { state.owedSince = supervisor.now }
            }
            if state.cancelled {
                guard !state.cancelSent else { return true }
                state.cancelSent = true
                state.outgoing.write(.cancel, utterance: state.utterance)
            } else {
                let isOwing = state.sent < state.audio.count || state.finished && !state.finishSent
                guard isOwing, hasTurn(&state) else { return true }
                let end = min(state.audio.count, state.sent + Self.samplesPerTurn)
                let range = state.sent..<end
                if !range.isEmpty {
                    state.audio.withUnsafeBufferPointer { audio in
                        state.outgoing.write(.audio, utterance: state.utterance) {
                            $0.put(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: audio[range])))
                        }
                    }
                }
                state.sent = end
                if state.finished, end == state.audio.count {
                    state.finishSent = true
                    state.outgoing.write(.finish, utterance: state.utterance)
                }
                state.turn = .computing
            }
        }
    }
}
