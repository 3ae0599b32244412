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
    }

    /// Audio goes in pieces of at most 0.5 s, so that a replay cannot fill the socket with one message.
    private static let samplesPerMessage = SampleTime.rate / 2

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
        state.withLock {
            $0.cancelled = true
            _ = pump(&$0)
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
            state.outgoing.write(.begin, utterance: utterance) { $0.put(self.request.adaptation ?? "") }
            state.owedSince = nil
            _ = pump(&state)
        }
    }

    /// Takes the decoder away; afterwards the session's thread can no longer write to its socket.
    func detach() {
        state.withLock { $0.socket = nil }
    }

    /// No update will follow.
    func close() {
        state.withLock {
            $0.over = true
            $0.socket = nil
            $0.audio = []
        }
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
            let owes = state.heard < state.sent || state.finishSent || state.cancelSent
            state.owedSince = owes ? supervisor.now : nil
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
                if state.owedSince == nil { state.owedSince = supervisor.now }
            }
            if state.cancelled {
                guard !state.cancelSent else { return true }
                state.cancelSent = true
                state.outgoing.write(.cancel, utterance: state.utterance)
            } else if state.audio.count - state.sent >= (state.finished ? 1 : supervisor.portion) {
                let end = min(state.audio.count, state.sent + Self.samplesPerMessage)
                let range = state.sent..<end
                state.audio.withUnsafeBufferPointer { audio in
                    state.outgoing.write(.audio, utterance: state.utterance) {
                        $0.put(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: audio[range])))
                    }
                }
                state.sent = end
            } else if state.finished {
                guard !state.finishSent else { return true }
                state.finishSent = true
                state.outgoing.write(.finish, utterance: state.utterance)
            } else {
                return true
            }
        }
    }
}
